"""Run the measurements, all (and write `docs/benchmarks.md`) or those that are named."""

from __future__ import annotations

import datetime as dt
import importlib
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "benchmarks.md"
TITLES = {
    "loading": "Loading the extension, above an IPython shell alone",
    "capture": "Looking for models",
    "inspection": "Reading a SavedModel directory",
    "checks": "Checking placement and portability, for 10,000 nodes",
    "export": "Exporting",
}
INTRO = """# Benchmarks

Written by `make bench`. Every line compares with a named peer, measured in turns in one run; times
are medians in milliseconds on the machine that the section names. Only the ratio (ours to the
peer's) lasts.
"""


def main(names: list[str]) -> None:
    """Measure all sections, or those that are named, and put them into the page."""
    sys.path.insert(0, str(HERE))
    for name in names or TITLES:
        _put(name, _section(name))


def _put(name: str, text: str) -> None:
    page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else INTRO
    intro, *sections = page.split("\n## ")
    known = {section.splitlines()[0]: section for section in sections}
    known[TITLES[name]] = text.removeprefix("## ")
    ordered = [known[title] for title in TITLES.values() if title in known]
    PAGE.write_text("\n## ".join([intro, *ordered]), encoding="utf-8")


def _section(name: str) -> str:
    lines = [
        f"## {TITLES[name]}",
        "",
        _machine(),
        "",
        "| what | ms | peer | ms | ratio |",
        "|---|--:|---|--:|--:|",
    ]
    for row in importlib.import_module(f"bench_{name}").run():
        what, ours, peer, theirs = _cells(row)
        lines.append(f"| {what} | {ours:.3g} | {peer} | {theirs:.3g} | {ours / theirs:.3g} |")
    text = "\n".join([*lines, ""])
    print(text, flush=True)  # noqa: T201, a script
    return text


def _cells(row: Any) -> tuple[str, float, str, float]:
    fields = row if isinstance(row, dict) else vars(row)
    return fields["name"], fields["ours_ms"], fields["peer"], fields["peer_ms"]


def _machine() -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in ("tensorflow", "keras", "ipython"))
    today = dt.datetime.now(tz=dt.UTC).date()
    return (
        f"{today}: {platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, {packages}."
    )


if __name__ == "__main__":
    main(sys.argv[1:])
