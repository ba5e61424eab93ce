"""What a person does in the sidebar, in JupyterLab. One file, for one server and browser."""

import json
import subprocess
import sys

import pytest

MODELS = """\
import time
import tensorflow as tf

class Line(tf.Module):
    def __init__(self):
        super().__init__()
        self.slope = tf.Variable([3.0])

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def along(self, x):
        with tf.device("/GPU:0"):
            return {"y": self.slope * x}

line = Line()"""
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
    page.cell("import time").locator(".cm-lintRange.sm-magics-mod-stale").wait_for()
    page.panel.evaluate(
        "(panel, text) => panel.content.widgets[0].model.sharedModel.setSource(text)", mended
    )
    page.run("import time")
    sidebar.expect("no findings")
    assert page.cell("import time").locator(".cm-lintRange").count() == 0
