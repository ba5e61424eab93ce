"""Findings about devices and kernels name the line of the cell, in a kernel and in a terminal.

The cases are in `lines.ipy`: cells as they are typed, and modules beside the notebook. A comment
``# <- SM301`` marks a line that a finding of that code points to; ``# <- SM301 *2`` says how many
nodes it is about, too. Whatever is not marked is a false alarm. ``NUMBER`` is another one in each
case, as TensorFlow keeps the compiled form of equal functions.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

PART = re.compile(r"^# %% (case|cell|file) ?(.*)\n", re.MULTILINE)
MARK = re.compile(r"# <- (SM\d+)(?: \*(\d+))?")
SETUP = (
    "import tensorflow as tf\nVECTOR = tf.TensorSpec([None])\nIMAGES = tf.TensorSpec([1, 2, 4, 4])"
)
EMPTY = "%reset_selective -f ."
FOUND = (
    "import json\n"
    "found = %savedmodel check model\n"
    'print("FOUND", json.dumps([[f.code, f.cell, f.file, f.line, f.count] for f in found]))'
)
TERMINAL = """
import json, sys
from IPython.terminal.interactiveshell import TerminalInteractiveShell as Shell
from traitlets.config import Config

plain = {"HistoryManager": {"enabled": False}, "TerminalInteractiveShell": {"simple_prompt": True}}
shell = Shell.instance(config=Config(plain))
shell.run_line_magic("load_ext", "sm_magics")
for cells in json.load(sys.stdin):
    for cell in cells:
        print("CELL", shell.execution_count, flush=True)
        shell.run_cell(cell, store_history=True)
    print("END", flush=True)
"""

Place = tuple[str, str | int, int]
"""Code, number of the cell (from 0) or name of the file, line."""


@dataclasses.dataclass
class Case:
    """What is typed, and the files beside it by name."""

    cells: list[str] = dataclasses.field(default_factory=list)
    files: dict[str, str] = dataclasses.field(default_factory=dict)

    def expected(self) -> dict[Place, int | None]:
        """Return the marked places, each with how many nodes it is about, where that is said."""
        # Of cells that are typed twice the last one counts.
        cells = {cell: number for number, cell in enumerate(self.cells)}
        texts = [*cells.items(), *((text, name) for name, text in self.files.items())]
        return {
            (mark[1], where, line): int(mark[2]) if mark[2] else None
            for text, where in texts
            for line, source in enumerate(text.split("\n"), 1)
            for mark in MARK.finditer(source)
        }


def cases() -> dict[str, Case]:
    _, *parts = PART.split(Path(__file__).with_name("lines.ipy").read_text("utf-8"))
    found: dict[str, Case] = {}
    for kind, name, text in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        if kind == "case":
            case = found[name] = Case()
            continue
        own = text.replace("NUMBER", f"{len(found)}.5").rstrip("\n")
        if kind == "cell":
            case.cells.append(own)
        else:
            case.files[name] = own + "\n"
    return found


CASES = cases()


@dataclasses.dataclass
class Outcome:
    """What a case gave, and what of that was not as marked."""

    expected: dict[Place, int | None]
    found: dict[Place, int]

    @property
    def right(self) -> set[Place]:
        return {
            place
            for place, count in self.expected.items()
            if place in self.found and count in (None, self.found[place])
        }

    @property
    def wrong(self) -> list[Place]:
        """What was expected elsewhere, or for another number of nodes."""
        missed = Counter(place[0] for place in self.expected.keys() - self.right)
        return [one for one in self._others() if missed[one[0]]]

    @property
    def false_alarms(self) -> list[Place]:
        wrong = self.wrong
        return [one for one in self._others() if one not in wrong]

    def _others(self) -> list[Place]:
        return sorted(self.found.keys() - self.right, key=str)


def outcome(case: Case, counts: list[int], stdout: str) -> Outcome:
    said = [line for line in stdout.splitlines() if line.startswith("FOUND ")]
    assert said, stdout
    found: dict[Place, int] = {}
    for code, cell, file, line, count in json.loads(said[-1].removeprefix("FOUND ")):
        where = counts.index(cell) if cell in counts else Path(file or f"cell {cell}").name
        found[code, where, line] = found.get((code, where, line), 0) + count
    return Outcome(case.expected(), found)


def write_files(folder: Path) -> None:
    for case in CASES.values():
        for name, text in case.files.items():
            (folder / name).write_text(text, "utf-8")


@pytest.fixture(scope="module")
def in_kernel(kernel):
    """What a case gives in a kernel."""
    write_files(kernel.folder)

    @functools.cache
    def run(name: str) -> Outcome:
        kernel.run(EMPTY)
        kernel.run(SETUP)
        counts = [kernel.run(cell).content["execution_count"] for cell in CASES[name].cells]
        return outcome(CASES[name], counts, kernel.run(FOUND).stdout)

    return run


@pytest.fixture(scope="module")
def in_terminal(tmp_path_factory):
    """What a case gives in the shell of a terminal."""
    folder = tmp_path_factory.mktemp("terminal")
    write_files(folder)
    done = subprocess.run(
        [sys.executable, "-c", TERMINAL],
        input=json.dumps([[EMPTY, SETUP, *case.cells, FOUND] for case in CASES.values()]),
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "IPYTHONDIR": str(folder / "ipython")},
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = dict(zip(CASES, done.stdout.split("END\n")[:-1], strict=True))

    def read(name: str) -> Outcome:
        counts = [int(count) for count in re.findall(r"^CELL (\d+)$", said[name], re.MULTILINE)]
        return outcome(CASES[name], counts[2:-1], said[name])

    return read


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("shell", ["in_kernel", "in_terminal"])
def test_a_finding_is_where_it_is_marked(shell, case, request):
    given = request.getfixturevalue(shell)(case)
    assert given.right == set(given.expected), given
    assert (given.wrong, given.false_alarms) == ([], []), given


@pytest.mark.parametrize("shell", ["in_kernel", "in_terminal"])
def test_the_figures(shell, request):
    outcomes = list(map(request.getfixturevalue(shell), CASES))
    expected, right, wrong, false_alarms = (
        sum(len(getattr(one, name)) for one in outcomes)
        for name in ("expected", "right", "wrong", "false_alarms")
    )
    print(  # noqa: T201, whoever asks for the figures reads them with -s
        f"\n{shell}: {len(outcomes)} cases, found {right} of {expected}, {wrong} at another line, "
        f"{false_alarms} false alarms"
    )
    assert (right, wrong, false_alarms) == (expected, 0, 0)
