"""Every cell of the page of diagnostics, in a real kernel: what provokes a finding, and its fix."""

from __future__ import annotations

import dataclasses
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf

from sm_magics.savedmodel.diagnostics import CATALOGUE

ROOT = Path(__file__).parent.parent.parent
SCRIPT = ROOT / "scripts" / "make_diagnostics_page.py"
MAKER = runpy.run_path(str(SCRIPT))
CELLS = ("setup", "provokes", "fixes")


@dataclasses.dataclass
class Ran:
    """What a person read below each cell of a code's file, and the number of each cell."""

    folder: Path
    source: dict[str, str]
    counts: dict[str, int]
    texts: dict[str, str]
    ended: dict[str, str]

    def place(self, marker: str) -> tuple[int, int] | None:
        """Return the cell and line that a comment marks."""
        for name in CELLS:
            for number, line in enumerate(self.source[name].split("\n"), 1):
                if line.endswith(f"# <- {marker}"):
                    return self.counts[name], number
        return None


def read_by_a_person(reply) -> str:
    error = "\n".join("\n".join(content["traceback"]) for content in reply.of("error"))
    return re.sub(r"\x1b\[[\d;]*m", "", f"{reply.shown}\n{reply.stdout}\n{error}")


@pytest.fixture(scope="module")
def run(kernel):
    """Run a code's cells, each file in a directory of its own, as in a notebook of its own."""
    done: dict[str, Ran] = {}

    def cells(code: str) -> Ran:
        if code not in done:
            folder = kernel.folder / str(len(done))  # its name shows: no code in it
            folder.mkdir()
            kernel.run(f"%cd -q {folder}")
            kernel.run("%reset_selective -f .")
            source = dataclasses.asdict(MAKER["read"](code))
            replies = {n: kernel.wait(kernel.send(source[n])) for n in CELLS if source[n]}
            done[code] = Ran(
                folder,
                source,
                {n: reply.content["execution_count"] for n, reply in replies.items()},
                {n: read_by_a_person(reply) for n, reply in replies.items()},
                {n: reply.content["status"] for n, reply in replies.items()},
            )
        return done[code]

    return cells


def heading(code: str, place: tuple[int, int] | None) -> str:
    """Return a pattern of how a finding starts: with its place, or with none."""
    severity = CATALOGUE[code].severity
    where = r"(  in [\w.]+)?" if place is None else rf"  cell \[{place[0]}\], line {place[1]}\b.*"
    return rf"(?m)^ *{code} {severity}{where}: "


@pytest.mark.parametrize("code", CATALOGUE)
def test_the_cell_that_provokes_it_shows_it_at_the_marked_line(code, run):
    ran = run(code)
    assert ran.ended.get("setup", "ok") == "ok", ran.texts["setup"]
    assert re.search(heading(code, ran.place(code)), ran.texts["provokes"]), ran.texts["provokes"]


@pytest.mark.parametrize("code", CATALOGUE)
def test_the_fix_is_silent_and_what_it_exports_runs(code, run):
    ran = run(code)
    assert ran.ended["fixes"] == "ok", ran.texts["fixes"]
    assert not re.search(r"\bSM\d\d\d\b", ran.texts["fixes"])
    said = r"^(?:Exported|Replaced) .* (?:to|at) (\S+): .*, verified\b"
    (path,) = re.findall(said, ran.texts["fixes"], re.MULTILINE)
    loaded = tf.saved_model.load(str(ran.folder / path))
    assert loaded.signatures
    for signature in loaded.signatures.values():
        outputs = signature(**{name: zeros(spec) for name, spec in inputs(signature).items()})
        assert all(tf.is_tensor(output) for output in outputs.values())


def inputs(signature):
    return signature.structured_input_signature[1]


def zeros(spec):
    return tf.zeros([2 if size is None else size for size in spec.shape], spec.dtype)


@pytest.mark.parametrize("code", ["SM301", "SM302", "SM303", "SM304", "SM305"])
def test_the_scope_of_a_device_is_quoted_and_underlined(code, run):
    ran = run(code)
    _, line = ran.place(code)
    source = ran.source["provokes"].split("\n")[line - 1]
    scope = source.partition("#")[0].strip()
    under = source[: source.index("with")] + "^" * len(scope)
    assert f"  {line} | {source}\n" in ran.texts["provokes"]
    assert f"  {' ' * len(str(line))} | {under}\n" in ran.texts["provokes"]
    assert re.search(rf": `{re.escape(scope)}` pins \d+ ops? of `serve` to ", ran.texts["provokes"])


def test_sm103_says_where_the_variable_was_made(run):
    ran = run("SM103")
    cell, line = ran.place("made")
    assert f"\n      made in cell [{cell}], line {line}\n" in ran.texts["provokes"]
    assert "the variable `scale` is used by 'serve'" in ran.texts["provokes"]


def test_a_cell_without_a_marker_is_about_no_line(run):
    without = {code for code in CATALOGUE if run(code).place(code) is None}
    # A variable's own op (SM404) is the save's, and nobody wrote a line for it.
    assert {code[:3] for code in without - {"SM404"}} <= {"SM5", "SM6"}
    assert "SM601" not in without


def test_every_file_of_cells_is_of_a_code():
    assert {path.stem for path in MAKER["CELLS"].glob("*.ipy")} == set(CATALOGUE)


def test_the_page_is_what_the_catalogue_and_the_cells_give():
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_check_of_the_page_shows_the_difference(tmp_path):
    folder = tmp_path / "repository"
    (folder / "scripts").mkdir(parents=True)
    (folder / "docs").mkdir()
    (folder / "docs" / "diagnostics").symlink_to(MAKER["CELLS"])
    text = MAKER["PAGE"].read_text("utf-8")
    (folder / "docs" / "diagnostics.md").write_text(text.replace("### SM103\n", ""), "utf-8")
    script = folder / "scripts" / SCRIPT.name
    script.write_text(SCRIPT.read_text("utf-8"), "utf-8")
    done = subprocess.run(
        [sys.executable, str(script), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "+### SM103" in done.stdout.splitlines()
