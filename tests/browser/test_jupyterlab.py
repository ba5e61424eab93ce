"""What a person does and sees in JupyterLab. One file, for one server, browser and kernel."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

DEMO = Path(__file__).resolve().parents[2] / "demo.ipynb"
EXPORT = "%%savedmodel exports/digits"
FILES = ["saved_model.pb", "fingerprint.pb", "variables.index", "variables.data-00000-of-00001"]
HOSTILE = "<img src=x onerror=window.hacked=1>"

# How many cards stand under a cell, and whether one shows progress, at each change of the page.
OBSERVE = """cell => {
  window.seen = [];
  const look = () => window.seen.push([
    cell.querySelectorAll('.sm-magics').length, cell.querySelectorAll('.sm-progress').length,
  ]);
  new MutationObserver(look).observe(cell, { childList: true, subtree: true });
}"""
# The text of a card without its style sheet, which notebooks that are not trusted drop.
TEXT = """card => {
  const copy = card.cloneNode(true);
  copy.querySelectorAll('style').forEach(style => style.remove());
  return copy.textContent.replace(/\\s+/g, ' ').trim();
}"""
MODEL = """\
import tensorflow as tf

class Line(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def along(self, x):
        return {"y": 3 * x + 1}

modest_line = Line()"""
NAMED = f"""\
import tensorflow as tf

hostile = {HOSTILE!r}
echo = tf.Module()
setattr(echo, hostile, tf.Variable([2.0]))

@tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
def double(x):
    return {{hostile: x * getattr(echo, hostile)}}

setattr(echo, hostile + "()", double)
unspecified = tf.Module()
setattr(unspecified, hostile + "()", tf.function(lambda x: x))
models = {{hostile: echo}}
bare = {{hostile: unspecified}}"""
RELOAD = """
import json, sys
import tensorflow as tf
served = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
print(json.dumps([served(x=tf.constant([0.0, 2.0]))["y"].numpy().tolist(), [*sys.modules]]))
"""

CONTRASTS = Path(__file__).with_name("contrasts.js").read_text("utf-8")
LEGIBLE = 4.5
"""The least contrast of text with its ground: WCAG 2.2, 1.4.3."""
SHOWING = [
    "%load_ext sm_magics",
    """\
from dataclasses import replace

import sm_magics
import tensorflow as tf
from sm_magics.notebook.progress import Progress
from sm_magics.notebook.shown import Findings
from sm_magics.savedmodel.diagnostics import Diagnostic, Severity

class Scale(tf.Module):
    def __init__(self):
        super().__init__()
        self.factor = tf.Variable([2.0])

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def scale(self, x):
        return x * self.factor

scale = Scale()""",
    'result = sm_magics.export(scale, "themes")\nresult',
    "%savedmodel export scale themes --overwrite --no-verify",
    """\
checked = result.verification
bad = [replace(check, status="differs", reason="planted") for check in checked.signatures]
replace(result, verification=replace(checked, signatures=tuple(bad)))""",
    """\
Findings([
    Diagnostic(code="SM000", severity=severity, message="of `code`", hint="a hint", cell=1, line=2)
    for severity in Severity
])""",
    'Progress("save", 1.0, 2_000, subject="scale")',
    "%savedmodel",
    "%savedmodel show themes",
]
SEEN = {
    *("sm-status-good", "sm-status-bad", "sm-status-open"),
    *("sm-error", "sm-warning", "sm-info", "sm-hint", "sm-place"),
    *("sm-quiet", "sm-digest", "sm-role", "sm-key", "sm-share", "sm-phases"),
}
"""Classes that text was looked at in: where one is renamed, the test must learn it."""


@pytest.fixture(scope="module")
def demo(shared_lab):
    """The demo, run in JupyterLab by "Run all cells" and saved."""
    notebook = nbformat.read(DEMO, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    nbformat.write(notebook, shared_lab.folder / "demo.ipynb")
    opened = shared_lab.open("demo.ipynb")
    opened.cell(EXPORT).evaluate(OBSERVE)
    opened.run_all()
    card(opened, EXPORT).locator(".sm-head", has_text="Exported").wait_for()
    opened.save()
    return opened


def card(notebook, start):
    return notebook.cell(start).locator(".jp-OutputArea-output .sm-magics")


def test_the_demo_runs_and_its_export_ends_as_one_card(lab, demo):
    code = [cell for cell in demo.cells() if cell.cell_type == "code"]
    assert [c.source for c in code if not c.execution_count] == []
    failed = [c for c in code if any(output.output_type == "error" for output in c.outputs)]
    assert [cell.metadata.get("tags") for cell in failed] == [["raises-exception"]]

    assert card(demo, EXPORT).count() == 1
    text = card(demo, EXPORT).evaluate(TEXT)
    assert str(lab.folder / "exports" / "digits") in text
    assert ", verified" in text
    kinds = [o.output_type for o in demo.outputs(EXPORT) if o.get("name") != "stderr"]
    assert kinds == ["stream", "display_data"]
    assert demo.element.locator(".jp-OutputArea-output script").count() == 0

    cards, progress = zip(*lab.page.evaluate("window.seen"), strict=True)
    assert max(cards) == 1
    assert max(progress) == 1  # it was there,
    assert progress[-1] == 0  # and gave way


def test_the_folds_of_a_card_open_by_keyboard(lab, demo):
    folds = card(demo, EXPORT).locator("details:has(> summary .sm-title)")
    titles = card(demo, EXPORT).locator("summary .sm-title").all_inner_texts()
    tree = card(demo, EXPORT).locator(".sm-tree")
    folders = 0
    folds.first.locator("summary").first.focus()
    for number, title in enumerate(titles):
        fold = folds.nth(number)
        focus = lab.page.evaluate("document.activeElement.querySelector('.sm-title')?.innerText")
        assert focus == title
        was_open = fold.evaluate("fold => fold.open")
        if title == "Files":
            assert tree.is_visible() == was_open
        lab.page.keyboard.press("Enter")
        assert fold.evaluate("fold => fold.open") != was_open
        if title == "Files":
            assert tree.is_visible() != was_open
        if was_open:
            lab.page.keyboard.press("Enter")
        assert fold.evaluate("fold => fold.open")
        lab.page.keyboard.press("Tab")
        while lab.page.evaluate("!!document.activeElement.closest('.sm-tree')"):
            folder = lab.page.evaluate_handle("document.activeElement.parentElement")
            lab.page.keyboard.press("Enter")
            assert not folder.evaluate("folder => folder.open")
            lab.page.keyboard.press("Enter")
            assert folder.evaluate("folder => folder.open")
            folders += 1
            lab.page.keyboard.press("Tab")
    assert folders == 2  # the directory itself, and its variables
    assert "Files" in titles
    shown = tree.inner_text().split()
    assert set(FILES) <= set(shown)


@pytest.mark.parametrize("trusted", [True, False])
def test_a_saved_notebook_shows_its_card_when_it_is_opened_again(lab, demo, trusted):
    again = lab.folder / f"again-{trusted}.ipynb"
    shutil.copy(lab.folder / "demo.ipynb", again)  # what is trusted is the content
    if not trusted:
        saved = nbformat.read(again, as_version=4)
        saved.cells[0].source += "\nWritten on another machine."
        nbformat.write(saved, again)
    reopened = lab.open(again.name)
    assert reopened.is_trusted() == trusted
    before = card(demo, EXPORT).evaluate(TEXT)
    card(reopened, EXPORT).first.wait_for()
    assert card(reopened, EXPORT).count() == 1
    assert card(reopened, EXPORT).evaluate(TEXT) == before
    for words in ("model not found", "Error displaying widget", "Loading widget"):
        assert words not in reopened.element.inner_text()
    reopened.close()


def test_a_person_types_completes_and_exports_their_own_model(lab):
    notebook = lab.write("mine.ipynb", "")
    keyboard = lab.page.keyboard
    notebook.element.locator(".jp-Cell .cm-content").first.click()
    keyboard.type("%load_ext sm_magics")
    keyboard.press("Shift+Enter")
    keyboard.insert_text(MODEL)
    keyboard.press("Shift+Enter")
    notebook.settle()
    keyboard.type("%savedmodel export mod")
    keyboard.press("Tab")
    offers = lab.page.locator(".jp-Completer-item .jp-Completer-match")
    offers.first.wait_for()
    assert offers.all_inner_texts() == ["modest_line"]
    keyboard.press("Enter")
    keyboard.type(" typed/line")
    keyboard.press("Shift+Enter")
    result = card(notebook, "%savedmodel export").locator(".sm-head", has_text="Exported")
    assert ", verified" in result.inner_text()
    assert notebook.cells()[2].source == "%savedmodel export modest_line typed/line"

    command = [sys.executable, "-c", RELOAD, str(lab.folder / "typed" / "line")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    values, modules = json.loads(done.stdout.splitlines()[-1])
    assert values == [1.0, 7.0]
    assert "sm_magics" not in modules
    notebook.close()


def test_hostile_names_are_shown_and_harmless(lab):
    model, bare = f"""'models["{HOSTILE}"]'""", f"""'bare["{HOSTILE}"]'"""
    commands = {
        # What a person types, and how often its output says the name at least.
        "%savedmodel": 2,
        f"%savedmodel export {model} '{HOSTILE}'": 6,
        f"%savedmodel show '{HOSTILE}'": 5,
        f"%savedmodel check {bare}": 2,
        f"%savedmodel export {bare} '{HOSTILE}'": 4,
    }
    notebook = lab.run("hostile.ipynb", "%load_ext sm_magics", NAMED, *commands)
    shown = []
    for number in range(2, 2 + len(commands)):
        outputs = notebook.element.locator(".jp-Cell").nth(number).locator(".jp-OutputArea-output")
        outputs.first.wait_for()
        shown.append("\n".join(outputs.all_inner_texts()))
    assert notebook.element.locator(".jp-OutputArea-output img").count() == 0
    assert lab.page.evaluate("window.hacked") is None
    for (command, times), text in zip(commands.items(), shown, strict=True):
        assert text.count(HOSTILE) >= times, f"{command}\n{text}"
    notebook.close()


def test_a_cell_that_fails_gives_one_traceback_and_no_card(lab):
    notebook = lab.run(
        "failing.ipynb", "%load_ext sm_magics", "%%savedmodel failed\nimport tensorflow as tf\n1/0"
    )
    (output,) = notebook.outputs("%%savedmodel")
    assert output.output_type == "error"
    assert output.ename == "ZeroDivisionError"
    shown = notebook.cell("%%savedmodel").locator(".jp-OutputArea-output")
    shown.first.wait_for()
    assert shown.count() == 1
    assert "ZeroDivisionError" in shown.inner_text()
    assert notebook.element.locator(".sm-magics").count() == 0
    assert not (lab.folder / "failed").exists()
    notebook.close()


@pytest.fixture(scope="module")
def results(shared_lab):
    """A notebook that shows every kind of result and of mark."""
    notebook = shared_lab.run("themes.ipynb", *SHOWING)
    notebook.element.locator(".sm-magics").nth(6).wait_for()
    return notebook


@pytest.mark.parametrize(
    ("theme", "is_dark"), [("JupyterLab Dark", True), ("JupyterLab Light", False)]
)
def test_text_stands_out_from_its_ground(lab, results, theme, is_dark):
    lab.set_theme(theme)
    texts = results.element.evaluate(CONTRASTS)
    assert {name for text in texts for name in text["classes"]} >= SEEN
    assert all((max(text["ground"]) < 128) == is_dark for text in texts)
    faint = [text for text in texts if text["ratio"] < LEGIBLE]
    assert faint == []


@pytest.mark.parametrize("theme", ["JupyterLab Dark", "JupyterLab Light"])
def test_marks_have_colours_of_their_own(lab, results, theme):
    lab.set_theme(theme)
    marks = ["sm-status-good", "sm-status-bad", "sm-status-open", "sm-info", "sm-quiet", "sm-code"]
    texts = results.element.evaluate(CONTRASTS)
    inks = {
        mark: {tuple(text["ink"]) for text in texts if mark in text["classes"]} for mark in marks
    }
    assert all(len(colours) == 1 for colours in inks.values()), inks
    assert len(set.union(*inks.values())) == len(marks), inks
