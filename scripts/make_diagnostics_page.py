# /// script
# requires-python = ">=3.11"
# dependencies = ["sm_magics"]
# ///
"""Write `docs/diagnostics.md` from the catalogue and the cells in `docs/diagnostics`.

Run it as ``python scripts/make_diagnostics_page.py`` from anywhere; ``--check`` writes nothing,
prints what would change, and exits with 1 if that is anything. The cells are in percent format,
one file a code; `tests/kernel/test_diagnostics_page.py` runs each.
"""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sm_magics.savedmodel.diagnostics import CATALOGUE, TARGETS

if TYPE_CHECKING:
    from sm_magics.savedmodel.diagnostics import Rule

DOCS = Path(__file__).parent.parent / "docs"
PAGE = DOCS / "diagnostics.md"
CELLS = DOCS / "diagnostics"

_SEPARATOR = re.compile(r"^# %% (\w+)\n", re.MULTILINE)
_SILENT = "\N{EN DASH}"
_FAMILIES = {
    "SM1": "The object",
    "SM2": "The signatures",
    "SM3": "Placement",
    "SM4": "Portability",
    "SM5": "The destination",
    "SM6": "After the export",
}
_ABOUT = {
    "SM3": """\
Where nodes ask to run and what has a kernel there, against the `--target` of the export; `%config
SavedModelMagics.target = "cpu"` says it once for a session. Only what a consumer can run counts:
what signatures, initialisers and restored functions reach. A device is looked up by its `with
tf.device`, also where that stands around the call of a function; kernels in a table of TensorFlow's
own build for CPUs and GPUs, so that the answer is the same on every machine. `--fix devices` takes
all devices out of the exported functions, `--fix cudnn` traces Keras 3 layers without cuDNN.
""",
    "SM4": """\
What other processes and other releases make of the ops. `--consumer 2.12` names the oldest
TensorFlow that is to load the export, and `--fix consumer` leaves out what that one does not know
and does not need; without it every result says the oldest release that loads it as it is.
""",
}
_INTRODUCTION = """\
# Diagnostics

`%savedmodel check MODEL` looks for these before anything is written, and so does every export. An
error stops the export, a warning does only with `--strict`, and an info never does. `--ignore
SM206` and `--select SM2` take codes and the beginnings of codes. An error without which the export
would be wrong can't be ignored.

A finding says what happens to whoever loads the export, where it comes from, and what to type
instead. The comment `# <- SM103` in a cell below marks the line that the finding points to; where
there is no such comment, the finding is about no line. The test suite runs every cell of this page
in a real kernel, asserts that line, and loads and runs what the second cell exports.

This page is written by `scripts/make_diagnostics_page.py` from the catalogue
(`sm_magics/savedmodel/diagnostics/catalogue.py`) and the cells in `docs/diagnostics`.
"""


@dataclass(frozen=True, slots=True)
class Example:
    """The cells of a code: `setup` may be empty, `provokes` shows the finding, `fixes` does not."""

    setup: str
    provokes: str
    fixes: str


def read(code: str) -> Example:
    """Return the cells of a code.

    Raises
    ------
    FileNotFoundError
        If nobody wrote any.
    ValueError
        If the file has other cells than `setup`, `provokes` and `fixes`, in this order.
    """
    path = CELLS / f"{code}.ipy"
    before, *parts = _SEPARATOR.split(path.read_text("utf-8"))
    names, cells = parts[::2], parts[1::2]
    if before.strip() or names not in (["setup", "provokes", "fixes"], ["provokes", "fixes"]):
        raise ValueError(f"{path.name} has the cells {names}; it needs [setup,] provokes, fixes")
    found = dict(zip(names, (cell.rstrip("\n") for cell in cells), strict=True))
    return Example(found.get("setup", ""), found["provokes"], found["fixes"])


def page() -> str:
    """Return the text of the page."""
    blocks = [_INTRODUCTION, _table()]
    family = ""
    for rule in CATALOGUE.values():
        if not rule.code.startswith(family or "-"):
            family = rule.code[:3]
            blocks.append(f"## {_FAMILIES[family]}\n")
            blocks += [_ABOUT[family]] if family in _ABOUT else []
        blocks.append(_section(rule))
    return "\n".join(blocks)


def _table() -> str:
    rows = [
        f"| [{rule.code}](#{rule.code.lower()}) | "
        + " | ".join(rule.at(target) or _SILENT for target in TARGETS)
        + f" | {rule.title} |"
        for rule in CATALOGUE.values()
    ]
    heads = ["code", *TARGETS, "what"]
    return "\n".join(
        [
            f"The severity may depend on the `--target` of the export; {_SILENT} is no finding.",
            "A finding may be milder than its code: SM404, where a release ignores what it does",
            "not know.",
            "`any`, the default, is a CPU or a GPU, nobody knows which.",
            "",
            f"| {' | '.join(heads)} |",
            "|---" * len(heads) + "|",
            *rows,
            "",
        ]
    )


def _section(rule: Rule) -> str:
    example = read(rule.code)
    setup = ["Given this cell:", _block(example.setup)] if example.setup else []
    return "\n".join(
        [
            f"### {rule.code}",
            "",
            f"{_sentence(rule.title)} ({_severities(rule)}).",
            "",
            f"Where nobody looks: {rule.consequence}",
            "",
            *setup,
            "This cell provokes it:",
            _block(example.provokes),
            "This one fixes it:",
            _block(example.fixes),
        ]
    )


def _severities(rule: Rule) -> str:
    """Return the severity, and those of the targets that have another one."""
    others = [
        f"{rule.at(target) or 'no finding'} for `--target {target}`"
        for target in TARGETS
        if rule.at(target) is not rule.severity
    ]
    return "; ".join([rule.severity, *others])


def _sentence(title: str) -> str:
    return title[0].upper() + title[1:]


def _block(cell: str) -> str:
    return f"\n```python\n{cell}\n```\n"


def main() -> int:
    """Write the page, or say how it would change; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if out of date")
    arguments = parser.parse_args()
    text = page()
    there = PAGE.read_text("utf-8") if PAGE.exists() else ""
    if arguments.check:
        sys.stdout.writelines(
            difflib.unified_diff(
                there.splitlines(keepends=True),
                text.splitlines(keepends=True),
                PAGE.name,
                "as it would be written",
            )
        )
        return int(text != there)
    PAGE.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
