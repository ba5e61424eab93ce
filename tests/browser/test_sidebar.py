"""What a person does in the sidebar, in JupyterLab. One file, for one server and browser."""

import json
import subprocess
import sys

import pytest

from .conftest import LINE

MODELS = f"import time\n{LINE}\nline = Line()"
SLOW = """\
class Slow(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def think(self, x):
        for _ in range(600):
            time.sleep(0.1)
        return {"y": x}

slow = Slow()"""
RELOAD = """
import json, sys
import tensorflow as tf
served = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
print(json.dumps(served(x=tf.constant([2.0]))["y"].numpy().tolist()))
"""


@pytest.fixture
def notebook(lab):
    """Notebooks with our cells; each is closed at the end."""
    opened = []

    def open_notebook(name, *cells, kernel=None):
        opened.append(lab.write(name, MODELS, SLOW, *cells, kernel=kernel))
        return opened[-1]

    yield open_notebook
    for one in opened:
        if one in lab.opened:  # a page that is loaded again forgets what was open
            one.close()


def test_the_extension_is_loaded_and_models_are_listed_after_each_cell(lab, notebook):
    page = notebook("load.ipynb")
    sidebar = lab.sidebar()
    sidebar.expect_state("not loaded")
    sidebar.load()
    sidebar.expect("None yet")
    page.run("import time")
    sidebar.section("Models").get_by_text("module, TensorFlow").wait_for()
    page.run("class Slow")
    sidebar.button("slow").click()
    page.settle()
    assert page.panel.evaluate("panel => panel.content.activeCellIndex") == 1
    line = page.panel.evaluate("panel => panel.content.activeCell.editor.getCursorPosition().line")
    assert line == SLOW.splitlines().index("slow = Slow()")


def test_findings_are_underlined_until_the_cell_is_mended_and_run_again(lab, notebook):
    page = notebook("findings.ipynb", "%load_ext sm_magics")
    page.run("%load_ext")
    page.run("import time")
    page.settle()
    sidebar = lab.sidebar()
    sidebar.expect_state("ready")
    sidebar.button("Check line").click()
    findings = sidebar.section("Findings")
    findings.get_by_text("SM301").wait_for()
    marked = page.cell("import time").locator(".cm-lintRange")
    marked.wait_for()
    assert marked.inner_text() == 'with tf.device("/GPU:0"):'
    marked.hover()
    tooltip = lab.page.locator(".cm-tooltip")
    tooltip.get_by_text("SM301").wait_for()

    findings.get_by_role("button", name="line 11").click()
    where = "panel => panel.content.activeCell.editor.getCursorPosition().line"
    assert page.panel.evaluate(where) == 10
    mended = MODELS.replace('tf.device("/GPU:0")', 'tf.name_scope("mended")')
    page.panel.evaluate(
        """(panel, text) => {
          const source = panel.content.widgets[0].model.sharedModel;
          const from = source.source.indexOf('import tensorflow');
          source.updateSource(from, from, '# of ours\\n');
        }"""
    )
    page.cell("import time").locator(".cm-lintRange.sm-magics-mod-faded").wait_for()
    page.panel.evaluate(
        "(panel, text) => panel.content.widgets[0].model.sharedModel.setSource(text)", mended
    )
    page.run("import time")
    sidebar.expect("no findings")
    assert page.cell("import time").locator(".cm-lintRange").count() == 0


def ready(lab, notebook, name, **where):
    """Return a notebook whose cells have run, and the sidebar that follows it."""
    page = notebook(name, "%load_ext sm_magics", "time.sleep(5)", **where)
    for start in ("%load_ext", "import time", "class Slow"):
        page.run(start)
    page.settle()
    sidebar = lab.sidebar()
    sidebar.expect_state("ready")
    return page, sidebar


def test_an_export_is_followed_and_what_it_wrote_loads(lab, notebook):
    _, sidebar = ready(lab, notebook, "export.ipynb")
    # What is seen of an export is written down as it goes by.
    lab.page.evaluate(
        """() => {
          window.seen = [];
          const watch = new MutationObserver(() => {
            const now = document.querySelector('#sm-magics-sidebar [aria-current=step]');
            const size = document.querySelector('#sm-magics-sidebar .sm-magics-Number');
            if (now && size) window.seen.push([now.innerText, size.innerText]);
          });
          const sidebar = document.querySelector('#sm-magics-sidebar');
          watch.observe(sidebar, { subtree: true, childList: true, characterData: true });
        }"""
    )
    sidebar.button("Export line").click()
    sidebar.field("directory").fill("exports/line")
    sidebar.field("directory").press("Enter")
    sidebar.expect("line: Exported to")
    exports = sidebar.section("Exports")
    exports.get_by_text("export of line").wait_for()
    exports.get_by_text("1 signature").click()
    exports.get_by_text("x: float32[None]").wait_for()
    seen = lab.page.evaluate("window.seen")
    phases = list(dict.fromkeys(phase.split()[1] for phase, _ in seen))
    assert {"save", "verify"} <= {*phases}
    assert any("kB" in size or "B" in size for _, size in seen)

    command = [sys.executable, "-c", RELOAD, str(lab.folder / "exports" / "line")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [6.0]

    sidebar.button("Export line").click()
    sidebar.field("directory").press("Enter")
    sidebar.expect("already")  # nothing is replaced unless one says so
    sidebar.section("Export").get_by_label("overwrite", exact=True).check()
    sidebar.field("directory").press("Enter")
    sidebar.expect("line: Exported to")


def test_a_long_export_waits_for_its_turn_and_is_cancelled(lab, notebook):
    page, sidebar = ready(lab, notebook, "cancel.ipynb")
    page.run("time.sleep(5)")
    sidebar.expect_state("busy")
    sidebar.button("Export slow").click()
    sidebar.field("directory").fill("exports/slow")
    sidebar.field("directory").press("Enter")
    sidebar.expect("Waiting for the cell that runs")
    sidebar.button("Cancel").click()
    sidebar.expect("before it began")
    sidebar.expect_state("ready")
    assert not (lab.folder / "exports" / "slow").exists()

    sidebar.field("directory").press("Enter")
    sidebar.element.locator("[aria-current=step]", has_text="check").wait_for()
    sidebar.button("Cancel").click()
    sidebar.expect("Cancelled; nothing was written.")
    sidebar.expect_state("ready")
    assert not [*(lab.folder / "exports").glob("*slow*")]
    page.run("class Slow")
    page.settle()
    assert page.outputs("class Slow") == []


def test_a_page_that_is_reloaded_during_an_export_hears_how_far_it_is(lab, notebook):
    page, sidebar = ready(lab, notebook, "reload.ipynb")
    page.save()
    sidebar.button("Export slow").click()
    sidebar.field("directory").fill("exports/reloaded")
    sidebar.field("directory").press("Enter")
    sidebar.element.locator("[aria-current=step]", has_text="check").wait_for()
    lab.reload()
    again = lab.open("reload.ipynb")
    sidebar = lab.sidebar()
    sidebar.element.locator("[aria-current=step]", has_text="check").wait_for()
    sidebar.button("Cancel").click()
    sidebar.expect_state("ready")
    sidebar.section("Models").get_by_role("button", name="slow", exact=True).wait_for()
    again.close()


def test_a_kernel_that_restarts_or_is_killed_is_told_and_can_be_loaded_again(lab, notebook):
    page, sidebar = ready(lab, notebook, "restart.ipynb", kernel=lab.start_kernel())
    page.panel.evaluate("panel => panel.sessionContext.session.kernel.restart()")
    sidebar.expect_state("not loaded")
    sidebar.load()
    sidebar.expect("None yet")
    page.panel.evaluate(
        """panel => { panel.sessionContext.session.kernel.requestExecute(
             { code: "import os; os._exit(1)" }); }"""
    )
    dialog = lab.page.locator(".jp-Dialog")  # JupyterLab tells of it, too
    dialog.locator(".jp-mod-accept").click()
    dialog.wait_for(state="detached")
    sidebar.expect_state("not loaded")
    sidebar.load()
