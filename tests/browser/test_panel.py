"""What a person does in the panel, in JupyterLab. One file, for one server, browser and kernel."""

import json
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect

HOSTILE = "<img src=x onerror=window.hacked=1>"
MODELS = """\
import time
import tensorflow as tf

class Pinned(tf.Module):
    def __init__(self):
        super().__init__()
        self.factor = tf.Variable([3.0])

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def scale(self, x):
        with tf.device("/GPU:0"):
            return {"y": self.factor * x}

    @tf.function
    def shift(self, x):
        return {"z": self.factor + x}

pinned = Pinned()
pinned.shift(tf.constant([1.0, 2.0]))

class Slow(tf.Module):
    @tf.function
    def think(self, x):
        for _ in range(600):
            time.sleep(0.1)
        return {"y": x}

slow = Slow()"""
RELOAD = """
import json, sys
import tensorflow as tf
served = tf.saved_model.load(sys.argv[1]).signatures
print(json.dumps({key: sorted(one.structured_outputs) for key, one in served.items()}))
print(json.dumps(served["moved"](x=tf.constant([0.0, 2.0]))["z"].numpy().tolist()))
"""
CONTRASTS = Path(__file__).with_name("contrasts.js").read_text("utf-8")
LEGIBLE = 4.5
# Controls that a person sees, without anything that says what they are for.
NAMELESS = """panel => {
  const controls = [...panel.querySelectorAll('input, select, textarea, button')];
  const named = control =>
    [...(control.labels ?? [])].some(label => label.innerText.trim()) || control.innerText.trim();
  return controls.filter(one => one.offsetParent && !named(one)).map(one => one.outerHTML);
}"""


class PanelPage:
    """A panel that is shown below the last cell of a notebook."""

    def __init__(self, lab, name, line, *cells):
        self.lab = lab
        self.notebook = lab.run(name, "%load_ext sm_magics", MODELS, *cells, line)
        self.cell = self.notebook.element.locator(".jp-Cell").last
        self.form = self.cell.locator(".jp-OutputArea-output", has=lab.page.locator(".widget-vbox"))
        self.button("Check").wait_for()

    def button(self, name):
        return self.form.get_by_role("button", name=name, exact=True)

    def field(self, name):
        return self.form.get_by_label(name, exact=True)

    def pick(self, name):
        """Pick the model of this name."""
        field = self.field("model")
        label = field.locator("option", has_text=f"{name}  ·").inner_text()
        field.select_option(label=label)

    def line(self):
        return self.form.get_by_label("As a magic", exact=True).inner_text()

    def expect(self, words):
        self.form.get_by_text(words).first.wait_for()

    @property
    def result(self):
        """The static output below the form."""
        return self.cell.locator(".jp-OutputArea-output .sm-magics", has_text="Exported ").last


@pytest.fixture
def panel(lab):
    """Open panels; each is closed at the end, with its notebook."""
    opened = []

    def open_panel(name, line, *cells):
        opened.append(PanelPage(lab, name, line, *cells))
        return opened[-1]

    yield open_panel
    for one in opened:
        one.notebook.close()


def test_a_person_fills_in_the_form_and_exports(lab, panel):
    page = panel("fill.ipynb", "%savedmodel panel slow")
    page.pick("pinned")
    page.expect("class Pinned")
    page.button("Add signature").click()
    page.field("signature").wait_for()
    assert page.field("signature").input_value() == "scale"
    page.button("Add signature").click()
    second = page.field("signature").nth(1)
    expect(second).to_be_focused()
    assert second.input_value() == "shift=shift(x: float32[None])"
    page.field("key").nth(1).fill("moved")
    page.field("directory").press_sequentially("typed/by/hand", delay=30)
    page.expect("new, about")
    expected = "%savedmodel export pinned typed/by/hand -s scale -s 'moved=shift(x: float32[None])'"
    page.form.get_by_text(expected, exact=True).wait_for()
    page.button("Export").click()
    page.result.wait_for()
    assert str(lab.folder / "typed" / "by" / "hand") in page.result.inner_text()
    page.expect("Written")

    command = [sys.executable, "-c", RELOAD, str(lab.folder / "typed" / "by" / "hand")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    served, values = map(json.loads, done.stdout.splitlines()[-2:])
    assert served == {"serving_default": ["y"], "moved": ["z"]}
    assert values == [3.0, 5.0]


def test_a_check_shows_findings_at_their_lines_and_follows_changes(panel):
    page = panel("device.ipynb", "%savedmodel panel pinned exports/pinned -s scale")
    page.button("Check").click()
    page.expect("SM301")
    findings = page.form.get_by_label("Findings", exact=True)
    made_in = page.notebook.cells()[1].execution_count
    assert f"cell [{made_in}], line 11, in scale" in findings.inner_text()
    assert 'with tf.device("/GPU:0"):' in findings.inner_text()
    page.expect("outputs")

    page.form.get_by_text("Target, checks and proof").click()
    page.field("target").select_option("gpu")
    findings.get_by_text("the first GPU only").wait_for()  # it checks again by itself
    assert findings.get_by_text("info", exact=True).is_visible()
    page.field("target").select_option("cpu")
    findings.get_by_text("a CPU server without soft placement rejects them").wait_for()


def test_errors_stand_beside_the_field_while_one_types(panel):
    page = panel("errors.ipynb", "%savedmodel panel pinned exports/errors -s scale")
    text = page.field("signature")
    text.fill("nothing")
    page.expect("'nothing'")
    text.fill("shift")
    page.expect("shift(x: float32[None])")
    text.fill("serving_default=shift(x: float33[None])")
    page.expect("is no dtype")
    text.press_sequentially("!")
    assert text.evaluate("field => field === document.activeElement")
    text.fill("shift(x: float32[None])")
    page.form.get_by_text("is no dtype").wait_for(state="detached")
    page.form.get_by_text("Target, checks and proof").click()
    page.field("consumer").fill("1.99")
    page.expect("2.12")


def test_inputs_are_typed_key_by_key(panel):
    page = panel("inputs.ipynb", "%savedmodel panel slow exports/inputs")
    page.form.get_by_text("Inputs of a model without a signature").click()
    page.button("Add input").first.click()
    page.field("shape").click()
    page.field("shape").press("Control+A")
    page.field("shape").press_sequentially("None, 28, 28", delay=40)
    page.form.get_by_text("--input 'x: float32[None, 28, 28]'").wait_for()
    assert page.field("shape").input_value() == "None, 28, 28"
    assert page.field("input").input_value() == "x: float32[None, 28, 28]"


def test_the_focus_stays_where_something_was_removed(lab, panel):
    page = panel("focus.ipynb", "%savedmodel panel pinned exports/focus -s scale")
    page.form.get_by_role("button", name="Remove signature").focus()
    lab.page.keyboard.press("Enter")
    lab.page.wait_for_function("document.activeElement.innerText === 'Add signature'")
    lab.page.keyboard.press("Enter")
    lab.page.wait_for_function("document.activeElement.placeholder?.startsWith('KEY=FUNCTION')")


def test_cancel_ends_a_long_export_and_leaves_nothing(lab, panel):
    page = panel("cancel.ipynb", "%savedmodel panel slow long/export -s 'think(x: float32[None])'")
    page.button("Export").click()
    page.expect("check (1 of 5)")
    start = time.monotonic()
    page.button("Cancel").click()
    page.expect("The export was cancelled in check")
    assert time.monotonic() - start < 30
    page.expect("nothing was written")
    assert not (lab.folder / "long").exists()
    # The kernel is well, and the cell that runs next is not interrupted.
    page.notebook.panel.evaluate(
        "panel => panel.sessionContext.session.kernel.requestExecute({ code: '1 + 1' }).done"
    )
    page.pick("pinned")
    page.button("Reset signatures").click()
    page.field("directory").fill("after/cancel")
    page.button("Export").click()
    page.result.wait_for()
    assert (lab.folder / "after" / "cancel" / "saved_model.pb").exists()


def test_a_click_waits_for_the_cell_that_runs_and_can_be_taken_back(lab, panel):
    page = panel("waiting.ipynb", "%savedmodel panel pinned waiting/export -s scale")
    page.field("overwrite").click()  # from now on clicks are heard while a cell runs
    page.form.get_by_text("--overwrite").first.wait_for()
    kernel = "panel => panel.sessionContext.session.kernel"
    page.notebook.panel.evaluate(
        f"panel => {{ ({kernel})(panel).requestExecute({{ code: 'time.sleep(8)' }}); }}"
    )
    page.field("directory").fill("waiting/other")
    page.form.get_by_text("waiting/other").first.wait_for()
    page.button("Export").click()
    page.expect("Waiting for what runs before it")
    page.button("Cancel").click()
    page.expect("Cancelled before it began")
    page.notebook.settle()
    assert not (lab.folder / "waiting").exists()


def test_what_is_typed_while_a_cell_runs_counts(lab, panel):
    page = panel("typed.ipynb", "%savedmodel panel pinned while/first -s scale")
    page.field("overwrite").click()
    page.form.get_by_text("--overwrite").first.wait_for()
    page.notebook.panel.evaluate(
        """panel => {
          const { kernel } = panel.sessionContext.session;
          kernel.requestExecute({ code: 'another = Pinned(); time.sleep(4)' });
          kernel.requestExecute({ code: 'a_third = Pinned(); time.sleep(4)' });
        }"""
    )
    page.pick("pinned")
    page.field("directory").fill("while/second")
    page.button("Export").click()
    page.result.wait_for()
    assert [one.name for one in (lab.folder / "while").iterdir()] == ["second"]
    assert "another" in page.field("model").inner_text()


def test_the_result_survives_in_the_saved_notebook(lab, panel):
    page = panel("kept.ipynb", "%savedmodel panel pinned kept/export -s scale --ignore SM301")
    line = "%savedmodel panel pinned kept/export -s scale --ignore SM301"
    assert "A panel was here" not in page.cell.inner_text()  # as long as it is there
    page.button("Export").click()
    page.result.wait_for()
    page.notebook.save()
    saved = nbformat.read(lab.folder / "kept.ipynb", as_version=4)
    assert "widgets" not in saved.metadata
    form, result = saved.cells[-1].outputs
    assert "application/vnd.jupyter.widget-view+json" in form.data
    assert set(result.data) == {"text/plain", "text/html"}
    assert result.data["text/plain"].startswith(f"{line}\n\nExported pinned")

    # Its widgets are gone in a kernel that starts anew; the page is another one, too.
    (lab.folder / "kept-again.ipynb").write_bytes((lab.folder / "kept.ipynb").read_bytes())
    page.button("Close panel").click()
    page.form.wait_for(state="detached")
    again = lab.open("kept-again.ipynb")
    assert again.is_trusted()
    cell = again.element.locator(".jp-Cell").last
    cell.locator(".sm-head", has_text="Exported pinned").wait_for()
    cell.get_by_text("A panel was here").wait_for()
    assert line in cell.inner_text()
    again.close()
    command = [sys.executable, "-m", "nbconvert", "--to", "html", "kept.ipynb"]
    subprocess.run(command, cwd=lab.folder, check=True, capture_output=True)
    page_text = (lab.folder / "kept.html").read_text("utf-8")
    assert "Exported <b>pinned" in page_text
    assert "A panel was here" in page_text
    lab.page.wait_for_timeout(1000)
    assert all("widget model not found" in told for told in lab.complaints)  # JupyterLab's own
    lab.complaints.clear()


def test_the_code_becomes_a_cell_below(lab, panel):
    page = panel("insert.ipynb", "%savedmodel panel pinned 'in sert' --strict")
    expected = page.line()
    insert = page.button("Insert as a cell below: as a magic")
    insert.focus()
    lab.page.keyboard.press("Enter")
    page.notebook.element.locator(".jp-Cell").nth(3).wait_for()
    assert expected == "%savedmodel export pinned 'in sert' --strict"
    lab.page.wait_for_function(
        "([panel, text]) => panel.content.model.cells.get(3).sharedModel.source === text",
        arg=[page.notebook.panel, expected],
    )


def test_everything_is_named_and_done_by_keyboard(lab, panel):
    page = panel("keys.ipynb", "%savedmodel panel pinned keys/export -s 'scale(x: float32[None])'")
    for fold in ("Signature options", "SaveOptions", "Experimental SaveOptions"):
        switch = page.form.locator("button", has_text=f"▸ {fold}").first
        switch.focus()
        lab.page.keyboard.press("Enter")
        page.form.locator("button", has_text=f"▾ {fold}").first.wait_for()
    page.field("save debug info").wait_for()
    assert page.form.evaluate(NAMELESS) == []
    assert page.field("image format").is_disabled()
    page.expect("the open-source build of TensorFlow refuses it")

    page.field("directory").focus()
    passed = []
    for _ in range(60):
        lab.page.keyboard.press("Tab")
        passed.append(lab.page.evaluate("document.activeElement.innerText"))
        if passed[-1] == "Export":
            break
    assert "Check" in passed
    lab.page.keyboard.press("Enter")
    page.expect("Exported to")
    assert lab.page.evaluate("document.activeElement.innerText") == "Export"


@pytest.mark.parametrize("theme", ["JupyterLab Dark", "JupyterLab Light"])
def test_the_panels_text_stands_out_from_its_ground(lab, panel, theme):
    page = panel("theme.ipynb", "%savedmodel panel pinned theme -s scale -s wrong --target cpu")
    lab.set_theme(theme)
    page.field("signature").nth(1).fill("scale")
    page.expect("serving_default")
    page.button("Check").click()
    page.expect("two signatures")
    texts = page.notebook.element.evaluate(CONTRASTS)
    seen = {name for text in texts for name in text["classes"]}
    assert seen >= {"sm-status-bad", "sm-quiet", "sm-number", "sm-whole", "sm-title"}
    assert [text for text in texts if text["ratio"] < LEGIBLE] == []


def test_hostile_names_are_harmless_in_the_panel(lab, panel):
    hostile = f"names = {{{HOSTILE!r}: pinned}}\ndel pinned"
    model = f"""'names["{HOSTILE}"]'"""
    line = f"%savedmodel panel {model} '{HOSTILE}' -s '{HOSTILE}' --consumer '{HOSTILE}'"
    page = panel("hostile-panel.ipynb", line, hostile)
    page.button("Export").click()
    page.expect("✗")
    time.sleep(1)
    assert page.form.locator("img").count() == 0
    assert lab.page.evaluate("window.hacked") is None
    assert page.form.inner_text().count(HOSTILE) >= 3
