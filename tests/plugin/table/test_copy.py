"""Copied rows: TSV with every digit, Markdown and LaTeX for reading, and no name is taken for markup."""

import io
import re

import numpy as np
import pandas as pd
import pytest

from napari_atlas_assign.plugin.table.copy import as_latex, as_markdown, as_tsv, latex_text, markdown_text
from napari_atlas_assign.plugin.table.values import TableValues
from napari_atlas_assign.tables.parts import columns_of_table
from napari_atlas_assign.tables.text import write_parts


@pytest.fixture
def frame():
    return pd.DataFrame(
        {
            "input structure": [1, 2],
            "centroid": [(34.24, -22.34, 47.6), (-1.0, 2.5, 3.0)],
            "region": ["GM_Primary_motor_cortex_BA4a_R", "Broca's | 50% & more"],
            "correlation": [0.1 + 0.2, np.nan],
        }
    )


def test_tsv_has_every_digit_and_is_what_a_saved_result_holds(frame, tmp_path):
    columns = TableValues(frame)
    write_parts([columns_of_table(frame)], tmp_path / "saved.tsv")
    assert as_tsv(columns, columns.names, [0, 1]) == (tmp_path / "saved.tsv").read_text("utf-8")


def test_tsv_has_the_columns_and_rows_asked_for_in_their_order(frame):
    text = as_tsv(TableValues(frame), ["correlation", "input structure"], [1, 0])
    back = pd.read_csv(io.StringIO(text), sep="\t", na_values="n/a")
    assert list(back) == ["correlation", "input structure"]
    assert back["input structure"].tolist() == [2, 1]
    assert back["correlation"][1] == 0.1 + 0.2


def test_tabs_and_line_breaks_in_names_do_not_break_the_table():
    columns = TableValues(pd.DataFrame({"region": ["a\tb\r\nc\u2028d"]}))
    for write in (as_tsv, as_markdown, as_latex):
        assert "a b c d" in write(columns, ["region"], [0])


def test_markdown_is_rounded_and_aligned_and_escapes_names(frame):
    columns = TableValues(frame)
    lines = as_markdown(columns, columns.names, [0, 1]).splitlines()
    assert lines == [
        "| input structure | centroid | region | correlation |",
        "| ---: | ---: | --- | ---: |",
        r"| 1 | 34.2, -22.3, 47.6 | GM\_Primary\_motor\_cortex\_BA4a\_R | 0.300 |",
        r"| 2 | -1.0, 2.5, 3.0 | Broca's \| 50% \& more | – |",
    ]


def test_latex_is_rounded_and_aligned_and_escapes_names(frame):
    columns = TableValues(frame)
    assert as_latex(columns, columns.names, [0, 1]).splitlines() == [
        r"\begin{tabular}{rrlr}",
        r"\hline",
        r"input structure & centroid & region & correlation \\",
        r"\hline",
        r"1 & 34.2, $-$22.3, 47.6 & GM\_Primary\_motor\_cortex\_BA4a\_R & 0.300 \\",
        r"2 & $-$1.0, 2.5, 3.0 & Broca's \textbar{} 50\% \& more & -- \\",
        r"\hline",
        r"\end{tabular}",
    ]


def test_no_character_of_latex_is_left_alone():
    written = latex_text('\\{}&%$#_~^<>|"')
    assert re.sub(r"\\text[a-z]+\{\}|\\[{}&%$#_]", "", written) == ""


def test_hyphens_of_names_stay_hyphens_in_latex():
    assert latex_text("7-PC intra-parietal BA-4 -0.5") == r"7-PC intra-parietal BA-4 $-$0.5"


def test_no_markup_of_markdown_is_left_alone():
    assert markdown_text("<b>*a*_`|[x](y)$~") == r"\<b\>\*a\*\_\`\|\[x\](y)\$\~"
