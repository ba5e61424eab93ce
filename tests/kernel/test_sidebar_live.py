"""What the sidebar is told of what cells do, in a real kernel, and what is checked by itself."""

from __future__ import annotations

import time

import pytest

from .conftest import SIDEBAR_MODELS


@pytest.fixture(scope="module", autouse=True)
def models(kernel):
    kernel.run(SIDEBAR_MODELS, cell_id="models-cell")


def test_models_are_told_as_cells_bind_them_and_only_then(kernel, watching):
    # Nobody who looks is told what did not change.
    assert watching.silence() == []
    kernel.run("import tensorflow as tf\nnumber = 1\nother = tf.Module()", cell_id="other-cell")
    models = {model["name"]: model for model in watching.change("models")}
    assert models["other"]["cell_id"] == "other-cell"
    assert (models["other"]["line"], models["line"]["cell_id"]) == (3, "models-cell")
    assert models["line"]["panel"] == "%savedmodel panel line"
    kernel.run("number = 2")
    assert watching.silence() == []
    kernel.run("del other")
    assert "other" not in {model["name"] for model in watching.change("models")}


def test_nothing_is_looked_at_while_nobody_looks(kernel, watching):
    watching.answer("leave")
    kernel.run("hidden = tf.Module()")
    assert watching.silence() == []
    hooks = "len(get_ipython().events.callbacks['post_run_cell'])"
    alone = kernel.run(f"print({hooks})").stdout
    watching.answer("watch", live_checks=False, target="")
    assert "hidden" in {model["name"] for model in watching.said[-2]["models"]}
    assert int(kernel.run(f"print({hooks})").stdout) == int(alone) + 1
    kernel.run("del hidden")


def test_a_check_has_lines_and_is_repeated_when_the_cell_made_the_model_anew(kernel, watching):
    done = watching.answer("check", model="line", options={}, again=False)
    assert done == {"kind": "done", "id": done["id"], "text": "1 warning"}
    (check,) = [one for said in watching.said for one in said.get("checks", ())][-1:]
    (found,) = check["findings"]
    assert (found["code"], found["cell_id"], found["line"]) == ("SM301", "models-cell", 11)
    assert found["source"].strip() == 'with tf.device("/GPU:0"):'
    assert found["title"]
    assert found["consequence"]
    assert not check["is_stale"]

    mended = SIDEBAR_MODELS.replace('with tf.device("/GPU:0")', "if True")
    kernel.run(mended, cell_id="models-cell")
    (stale,) = watching.change("checks")
    assert (stale["is_stale"], len(stale["findings"])) == (True, 1)
    (clean,) = watching.change("checks")
    assert clean == {"subject": "line", "target": "any", "is_stale": False, "findings": []}


def test_what_a_cell_checks_and_exports_is_told_too(kernel, sidebar):
    sidebar.answer("hello", version=1)
    kernel.run("%savedmodel export line out/told")
    assert sidebar.running()["subject"] == "line"
    (directory, *_) = sidebar.change("exports")
    assert directory["path"] == str(kernel.folder / "out" / "told")
    assert directory["subject"] == "line"
    assert "variables/variables.index" in [file["path"] for file in directory["files"]]
    (signature,) = directory["signatures"]
    assert signature["inputs"] == ["x: float32[None]"]
    kernel.run("__import__('shutil').rmtree('out/told')")


COUNTED = """\
class Counted(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def count(self, x):
        traces.append(1)
        if len(traces) > 1:
            raise RuntimeError("only once")
        return {"y": x}

counted = Counted()"""


def test_a_check_that_fails_by_itself_is_not_repeated_after_every_cell(kernel, watching):
    kernel.run(f"traces = []\n{COUNTED}")
    assert watching.answer("check", model="counted", options={}, again=False)["kind"] == "done"
    kernel.run(COUNTED)
    for _ in range(3):
        time.sleep(0.5)
        kernel.run("None")
    assert kernel.run("print(len(traces))\ndel counted").stdout == "2\n"


def test_a_live_check_is_not_lost_to_what_is_asked_meanwhile(kernel, watching):
    kernel.run(SIDEBAR_MODELS, cell_id="models-cell")
    watching.answer("check", model="line", options={}, again=False)
    kernel.run(SIDEBAR_MODELS, cell_id="models-cell")
    watching.answer("inspect", directory="nosuch")
    told = [one for said in watching.said for one in said.get("checks", ())][-1]
    assert (told["subject"], told["is_stale"]) == ("line", True)
    assert [one["is_stale"] for one in watching.change("checks") if one["subject"] == "line"] == [
        False
    ]


@pytest.mark.usefixtures("watching")
def test_who_is_silent_for_long_looks_no_more(kernel):
    hooks = "print(len(get_ipython().events.callbacks['post_run_cell']))"
    looked = int(kernel.run(hooks).stdout)
    kernel.run(
        "import sm_magics.notebook.sidebar.lookers as lookers\n"
        "lease, lookers.LEASE = lookers.LEASE, -1.0"
    )
    assert int(kernel.run(f"lookers.LEASE = lease\n{hooks}").stdout) == looked - 1
