from __future__ import annotations

import numpy as np
import pytest

from napari_atlas_assign.atlas.storage.arrays import read_arrays, read_header, write_arrays


def test_arrays_and_header_come_back_mapped_into_memory(tmp_path):
    arrays = {"a": np.arange(6).reshape(2, 3), "none": np.zeros((0, 2), np.float32)}
    write_arrays(tmp_path, arrays.items(), {"name": "脳"})
    header, read = read_arrays(tmp_path)
    assert header["name"] == "脳"
    assert list(read) == ["a", "none"]
    assert isinstance(read["a"].base, np.memmap)
    for name, array in arrays.items():
        np.testing.assert_array_equal(read[name], array, strict=True)


@pytest.mark.parametrize("file", ["a.npy", "header.json"])
def test_one_changed_bit_is_told(tmp_path, file):
    write_arrays(tmp_path, [("a", np.arange(3))], {})
    content = bytearray((tmp_path / file).read_bytes())
    content[-1] ^= 1
    (tmp_path / file).write_bytes(content)
    with pytest.raises(ValueError, match="is damaged"):
        read_arrays(tmp_path)


def test_a_folder_without_a_header_is_an_error_of_the_system(tmp_path):
    with pytest.raises(OSError, match=r"header\.json"):
        read_header(tmp_path)
