"""The report page in a real browser: nothing missing, nothing fetched, a picture to look at."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import pytest
from sojourn.report import write_report
from sojourn.settings import Settings

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def browser() -> str:
    for name in BROWSERS:
        if found := shutil.which(name):
            return found
    pytest.skip("No Chromium here: `make system-deps` installs it.")


def run_browser(tmp_path: Path, *arguments: str) -> str:
    return subprocess.run(
        [
            browser(), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
            "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", f"--user-data-dir={tmp_path / 'profile'}", *arguments,
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout  # fmt: skip


def png_colours(path: Path) -> tuple[int, int, int]:
    """Return width, height and how many different byte values the picture's rows hold."""
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", data[16:24])
    pixels, position = b"", 8
    while position < len(data):
        (length,) = struct.unpack(">I", data[position : position + 4])
        if data[position + 4 : position + 8] == b"IDAT":
            pixels += data[position + 8 : position + 8 + length]
        position += length + 12
    return width, height, len(set(zlib.decompress(pixels)))


@pytest.fixture(scope="module")
def page(demo_warehouse: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(demo_warehouse, tmp_path_factory.mktemp("report") / "report.html")


def test_the_page_stands_alone(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert not re.search(r'(src|href)\s*=\s*"', text)
    assert "http" not in re.sub(r"https?://www\.w3\.org/\S+", "", text)
    for heading in (
        "One person out of many", "Attribution by model", "Which model is right?", "Audiences",
        "What was sent",
    ):  # fmt: skip
        assert heading in text
    assert "misled most" in text


def test_names_are_masked(page: Path, demo_warehouse: Settings) -> None:
    from sojourn.warehouse import open_warehouse

    text = page.read_text(encoding="utf-8")
    with open_warehouse(demo_warehouse, read_only=True) as warehouse:
        emails = [row[0] for row in warehouse.fetch("select email from profiles.profiles")]
    assert any(emails)
    assert not [email for email in emails if email and email in text]


def test_a_browser_shows_it(page: Path, tmp_path: Path) -> None:
    dom = run_browser(tmp_path, "--dump-dom", page.as_uri())
    assert dom.count('class="step"') == 7
    assert dom.count("<polyline") == 2
    picture = tmp_path / "report.png"
    run_browser(
        tmp_path, "--window-size=1200,2400", "--hide-scrollbars", f"--screenshot={picture}",
        page.as_uri(),
    )  # fmt: skip
    width, height, colours = png_colours(picture)
    assert (width, height) == (1200, 2400)
    assert colours > 40
