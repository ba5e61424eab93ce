"""What a result tells a person to paste really loads, calls and restores."""

import ast
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from IPython.core.formatters import DisplayFormatter
from IPython.lib.pretty import pretty

from sm_magics.notebook import render, snippets
from sm_magics.savedmodel.display import Displayable
from sm_magics.savedmodel.inspection import inspect
from sm_magics.savedmodel.result import Result
from sm_magics.savedmodel.signatures import Signature, Spec
from sm_magics.savedmodel.verify import Verification


class Scaler(tf.Module):
    """Takes several dtypes, unknown sizes and an unknown rank."""

    def __init__(self):
        super().__init__()
        self.scale = tf.Variable([2.0, 3.0], name="scale")

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, 2], tf.float32, "x"),
            tf.TensorSpec([], tf.int32, "times"),
            tf.TensorSpec(None, tf.string, "label"),
        ]
    )
    def serve(self, x, times, label):
        return {"out": x * self.scale * tf.cast(times, tf.float32), "label": label}


@pytest.fixture(scope="module")
def scaler():
    return Scaler()


@pytest.fixture(scope="module")
def result(scaler, tmp_path_factory):
    path = tmp_path_factory.mktemp("a 'quoted' \"path\"") / "scaler"
    tf.saved_model.save(scaler, str(path), signatures={'the "key"': scaler.serve})
    written = inspect(path)
    inputs = (
        Spec("x", "float32", (None, 2)),
        Spec("times", "int32", ()),
        Spec("label", "string", None),
    )
    outputs = (Spec("label", "string", None), Spec("out", "float32", (None, 2)))
    return Result(
        path=path,
        findings=(),
        inspection=written,
        bytes=sum(file.bytes for file in written.files),
        seconds={},
        verification=Verification("none"),
        signatures=(Signature('the "key"', "model.serve", inputs, outputs),),
        model="Scaler (module, TensorFlow)",
    )


def pasted(result, title):
    """The lines below a title of the text, as a person would copy them."""
    text = render.bundle(result)["text/plain"]
    block = text[text.index(f"\n{title}\n") :].split("\n", 2)[2]
    lines = block.split("\n")
    end = next((i for i, line in enumerate(lines) if line and line[0] != " "), len(lines))
    return "\n".join(line.removeprefix("  ") for line in lines[:end])


def value_of(lines):
    """Run what was pasted and return the value of its last expression."""
    *setup, last = ast.parse(lines).body
    namespace = {}
    exec(compile(ast.Module(setup, []), "<pasted>", "exec"), namespace)
    value = eval(compile(ast.Expression(last.value), "<pasted>", "eval"), namespace)
    return value, namespace


def test_the_lines_to_load_it_run(result):
    outputs, _loaded = value_of(pasted(result, "Load it"))
    np.testing.assert_array_equal(outputs["out"], [[0.0, 0.0]])
    assert outputs["label"].numpy().tolist() == [b""]


def test_the_line_to_restore_its_weights_runs(result, scaler):
    scaler.scale.assign([0.0, 0.0])
    exec(pasted(result, "Restore its weights"), {"tf": tf, "model": scaler})
    np.testing.assert_array_equal(scaler.scale, [2.0, 3.0])


def test_a_module_without_variables_has_no_weights_to_restore(result):
    bare = replace(result, inspection=result.inspection._replace(variables=()))
    assert "Restore" not in render.bundle(bare)["text/plain"]
    assert "Checkpoint(model)" not in render.bundle(bare)["text/html"]


def test_what_is_really_written_is_shown(result):
    text = render.bundle(result.inspection)["text/plain"]
    assert 'the "key"  label: string[...], times: int32[], x: float32[None, 2]' in text
    assert "scale  float32  [2]    8 bytes  100.0 %" in text
    assert re.search(rf"tensorflow +{re.escape(tf.__version__)}\n", text)
    for file in result.path.rglob("*"):
        assert file.name in text


def test_calls_with_many_inputs_are_laid_out_and_stay_python(result):
    inputs = tuple(Spec(f"feature number {i}", "float32", (None, 1)) for i in range(9))
    keyword = Spec("lambda", "bool", ())
    resource = Spec("handle", "resource", ())
    call = snippets.call(result.signatures[0]._replace(inputs=(*inputs, keyword, resource)))
    compile(call, "<pasted>", "eval")
    assert "handle=...," in call
    assert call.count("\n") > 2


@pytest.mark.parametrize("name", ["plain", 'qu"ote', "back\\slash", "end\\", "new\nline", "ünï"])
def test_a_path_is_itself_when_pasted(name):
    path = Path("/m") / name
    assert eval(snippets.literal(path)) == str(path)
    assert snippets.literal(path).isprintable()


def test_inputs_whose_names_are_no_arguments_can_be_called(tmp_path):
    path = tmp_path / "tf1"
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        number = tf.compat.v1.placeholder(tf.float32, [None], "n")
        times = tf.compat.v1.placeholder(tf.float32, [], "l")
        tf.compat.v1.saved_model.simple_save(
            session,
            str(path),
            inputs={"a number": number, "times": times},
            outputs={"out": number + times},
        )
    signature = inspect(path).meta_graphs[0].signatures[0]
    outputs, _loaded = value_of(snippets.recipe(path, [signature]))
    np.testing.assert_array_equal(outputs["out"], [0.0])


def test_a_shell_shows_the_page_of_an_inspection(result, monkeypatch):
    monkeypatch.setattr(Displayable, "renderer", render.bundle)
    shown, _ = DisplayFormatter().format(result.inspection)
    assert shown["text/plain"].startswith("SavedModel ")
    assert shown["text/plain"] == str(result.inspection)


def test_in_a_list_an_inspection_shows_its_fields(result):
    assert pretty([result.inspection], max_width=10**6) == f"[{result.inspection!r}]"
    assert "Variable(" in repr(result.inspection)
    assert "MetaGraph(" not in repr(result.inspection)
