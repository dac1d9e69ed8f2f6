"""Take the picture of docs/report.md: the report of the sample map, in light beside dark.

Run ``python docs/take_report_picture.py`` where Chromium or Chrome is installed; no window is opened.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from take_screenshots import IMAGES

import napari_atlas_assign as naa

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")

WIDTH, HEIGHT = 1100, 1832
"""Pixels of each half, before the picture is made smaller."""

SIZE = 1280, 1066

QUALITY = 88


def main() -> None:
    """Write the report, have the browser draw it twice, and join the drawings."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        halves = [draw(html, folder) for html in both_themes(report(folder))]
        both = Image.new("RGB", (2 * WIDTH, HEIGHT))
        for place, half in enumerate(halves):
            both.paste(Image.open(half), (place * WIDTH, 0))
        both.resize(SIZE, Image.Resampling.LANCZOS).save(IMAGES / "report.jpg", quality=QUALITY)


def report(folder: Path) -> Path:
    """The report of what ``demo`` assigns."""
    command = [sys.executable, "-m", "napari_atlas_assign", "demo", "--no-gui", "--output", str(folder / "demo")]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return Path(naa.rerun(folder / "demo").report(folder / "report.html"))


def both_themes(html: Path) -> tuple[Path, Path]:
    """The report as a light and as a dark desktop shows it."""
    text, light, dark = html.read_text(encoding="utf-8"), html.with_name("light.html"), html.with_name("dark.html")
    light.write_text(text.replace("(prefers-color-scheme: dark)", "not all"), encoding="utf-8")
    dark.write_text(text.replace("(prefers-color-scheme: dark)", "all"), encoding="utf-8")
    return light, dark


def draw(html: Path, folder: Path) -> Path:
    """Have the browser draw the upper part of a page."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise SystemExit(f"none of {', '.join(BROWSERS)} is installed; install one of them")
    picture = html.with_suffix(".png")
    options = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        f"--user-data-dir={folder / 'browser'}",
    ]
    size = f"--window-size={WIDTH},{HEIGHT}"
    subprocess.run([browser, *options, size, f"--screenshot={picture}", html.as_uri()], check=True, capture_output=True)
    return picture


if __name__ == "__main__":
    main()
