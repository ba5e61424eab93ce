"""Run the measurements, all or those that are named, and write what came of them.

`docs/benchmarks.md` gets the tables; the README gets the summary and the plot that `summary`
makes of them.
"""

from __future__ import annotations

import datetime as dt
import importlib
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "benchmarks.md"
TITLES = {
    "loading": "Loading the extension, above an IPython shell alone",
    "capture": "Looking for models",
    "inspection": "Reading a SavedModel directory",
    "checks": "Checking placement and portability, for 10,000 nodes",
    "export": "Exporting",
    "sizes": "Size of an export",
    "memory": "Peak memory of an export, above what stood there",
    "durable": "1 GiB on the disk",
}
UNITS = {"sizes": "MB", "memory": "MB"}
INTRO = """# Benchmarks

Written by `make bench`. Every line compares with a named peer, measured in turns in one run; times
are medians in milliseconds on the machine that the section names. Only the ratio (ours to the
peer's) lasts.
"""


def main(names: list[str]) -> None:
    """Measure all sections, or those that are named; put them into the page and the README."""
    sys.path += [str(HERE), str(HERE.parent / "shared")]
    import summary

    for name in names or TITLES:
        _put(name, _section(name))
    summary.write(PAGE)


def _put(name: str, text: str) -> None:
    page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else INTRO
    _, *sections = page.split("\n## ")
    known = {section.splitlines()[0]: section for section in sections}
    known[TITLES[name]] = text.removeprefix("## ")
    ordered = [known[title] for title in TITLES.values() if title in known]
    PAGE.write_text("\n## ".join([INTRO, *ordered]), encoding="utf-8")


def _section(name: str) -> str:
    unit = UNITS.get(name, "ms")
    lines = [
        f"## {TITLES[name]}",
        "",
        _machine(),
        "",
        f"| what | {unit} | peer | {unit} | ratio |",
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
