"""Run the measurements, all or those that are named, and write what came of them.

``run.py export memory`` measures two sections, ``run.py export:LSTM`` one model of a section. Each
model is measured in a process of its own. `docs/benchmarks.md` gets the tables as they come; the
README gets the summary and the plot that `summary` makes of them.
"""

from __future__ import annotations

import datetime as dt
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import own_process
import page
import summary
from interleaved import Row

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "benchmarks.md"
PLOT = ROOT / "docs" / "images" / "benchmarks.svg"
README = ROOT / "README.md"


def main(names: list[str]) -> None:
    """Measure all sections, or those that are named; put them into the page and the README."""
    for name, model in pieces(names or page.SECTIONS):
        arguments = [] if model is None else [model]
        rows = [Row(**one) for one in own_process.call(f"bench_{name}", "run", *arguments)]
        print("\n".join(map(page.line, rows)), flush=True)  # noqa: T201, a script
        text = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
        PAGE.write_text(page.put(text, name, model, rows, _machine()), encoding="utf-8")
        summary.write(PAGE, README, PLOT)


def pieces(names: Iterable[str]) -> list[tuple[str, str | None]]:
    """Return what is measured in a process each: a section, or a section and a model of it.

    Raises
    ------
    SystemExit
        There is no such section, or no such model in it.
    """
    found: list[tuple[str, str | None]] = []
    for name in names:
        section, colon, model = name.partition(":")
        if section not in page.SECTIONS:
            raise SystemExit(f"no section {section!r}; there are {', '.join(page.SECTIONS)}")
        models = page.SECTIONS[section].models
        if colon and model not in models:
            raise SystemExit(f"no model {model!r} in {section}; there are: {'; '.join(models)}")
        found += [(section, one) for one in ([model] if colon else models or [None])]
    return found


def _machine() -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in ("tensorflow", "keras", "ipython"))
    today = dt.datetime.now(tz=dt.UTC).date()
    return (
        f"{today}: {platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, {packages}."
    )


if __name__ == "__main__":
    main(sys.argv[1:])
