"""Takes the pictures of the README in a real JupyterLab: `make pictures`. No test is in here."""

from pathlib import Path

import pytest

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
MODEL = """\
import keras
import tensorflow as tf

class Digits(tf.Module):
    def __init__(self):
        super().__init__()
        self.network = keras.Sequential([
            keras.Input((64,), name="pixels"),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(10, activation="softmax", name="probabilities"),
        ])

    @tf.function(input_signature=[tf.TensorSpec([None, 64], tf.float32, name="pixels")])
    def classify(self, pixels):
        with tf.device("/GPU:0"):
            scores = self.network(pixels)
        return {"digit": tf.argmax(scores, -1), "scores": scores}

digits = Digits()"""


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_picture_of_the_panel(lab, theme):
    lab.set_theme(f"JupyterLab {theme}")
    lab.page.set_viewport_size({"width": 1300, "height": 1900})
    notebook = lab.run(
        f"{theme}.ipynb",
        "%load_ext sm_magics",
        MODEL,
        "%savedmodel panel digits exports/digits -s classify --next-version",
    )
    cell = notebook.element.locator(".jp-Cell").last
    form = cell.locator(".jp-OutputArea-output", has=lab.page.locator(".widget-vbox"))
    form.get_by_role("button", name="Check", exact=True).click()
    form.get_by_text("SM301").first.wait_for()
    form.get_by_text("outputs", exact=True).wait_for()
    IMAGES.mkdir(exist_ok=True)
    lab.page.mouse.move(0, 0)
    form.screenshot(path=IMAGES / f"panel-{theme.lower()}.png")
    notebook.close()


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_picture_of_the_sidebar(lab, theme):
    lab.set_theme(f"JupyterLab {theme}")
    lab.page.set_viewport_size({"width": 1300, "height": 900})
    lab.page.evaluate("window.jupyterapp.shell.collapseLeft()")
    notebook = lab.run(f"digits-{theme}.ipynb", "%reload_ext sm_magics", MODEL)
    sidebar = lab.sidebar()
    sidebar.button("Check digits").click()
    sidebar.expect("SM301")
    sidebar.button("SM301 help").click()
    notebook.cell("import keras").locator(".cm-lintRange").first.hover()
    lab.page.locator(".cm-tooltip").wait_for()
    lab.page.screenshot(path=IMAGES / f"sidebar-{theme.lower()}.png")
    notebook.close()
