"""`code` for more than dense tensors, and where names are hard to find: in a fresh Python."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tensorflow as tf

import sm_magics
from sm_magics.savedmodel.verify import samples

if TYPE_CHECKING:
    from pathlib import Path

OBJECTS = """
import keras
import numpy as np
import tensorflow as tf
import tf_keras

RAGGED = tf.RaggedTensorSpec([None, None], tf.float32)


class Mixed(tf.Module):
    def __init__(self):
        self.scale = tf.Variable(2.0)
        self.inner = tf.Module()
        spec = tf.TensorSpec([None], tf.float32, "x")
        self.inner.embed = tf.function(lambda x: {"a": [x * self.scale]}, input_signature=[spec])

    @tf.function
    def rg(self, r, s):
        return {"a": r.to_tensor() * self.scale, "b": tf.sparse.to_dense(s)}

    @tf.function(input_signature=[RAGGED])
    def nest(self, r):
        return {"p": [tf.reduce_sum(r) * self.scale, r.row_lengths()]}

    @tf.function(input_signature=[{k: tf.TensorSpec([None], tf.float32, k) for k in "ab"}])
    def keyed(self, q):
        return {"p": [q["a"] * self.scale, q["b"]]}

    @tf.function(input_signature=[{"model": RAGGED}])
    def hidden(self, q):
        return {"p": [tf.reduce_sum(q["model"])]}

    @tf.function(input_signature=[{"u": RAGGED, "v": RAGGED}])
    def two(self, q):
        return {"p": [tf.reduce_sum(q["u"]), tf.reduce_sum(q["v"])]}


def summed():
    x = tf_keras.Input((None,), name="r", ragged=True)
    total = tf_keras.layers.Lambda(lambda t: tf.reduce_sum(t, 1, keepdims=True) * 2.0, name="o")
    return tf_keras.Model(x, total(x))


def recurrent():
    x = keras.Input(batch_shape=(2, 3, 4), name="x")
    both = keras.layers.Bidirectional(keras.layers.LSTM(3, stateful=True))(x)
    model = keras.Model(x, keras.layers.Dense(2, name="out")(both))
    model.compile("adam", "mse")
    model.fit(np.ones((2, 3, 4)), np.ones((2, 2)), verbose=0)
    return model


def layered():
    x = keras.Input((3,), name="x")
    return keras.Model(x, keras.layers.Dense(2)(keras.layers.Dense(4, name="hidden")(x)))


class Blocks(keras.Model):
    def __init__(self):
        super().__init__()
        self.blocks = [keras.layers.Dense(2), keras.layers.Dense(3)]

    def call(self, x):
        return self.blocks[1](self.blocks[0](x))


def blocks():
    model = Blocks()
    model(np.ones((2, 3), "float32"))
    return model


def trained():
    module = tf.Module()
    module.net = layered()
    module.net.compile("adam", "mse")
    module.net.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0)
    spec = tf.TensorSpec([None, 3], tf.float32, "x")
    module.serve = tf.function(lambda x: {"y": module.net(x)}, input_signature=[spec])
    return module


def bare():
    scale = tf.Variable(3.0)
    f = tf.function(lambda x: x * scale)
    f.kept = scale
    return f


def kept():
    return tf.train.Checkpoint(m=Mixed())


def seeded(maker):
    keras.utils.set_random_seed(1)
    return globals()[maker]()
"""
MADE: dict = {}
exec(OBJECTS, MADE)
CASES = {
    "ragged and sparse": (
        "Mixed",
        {"signatures": "rg(r: ragged[float32[None, None]], s: sparse[float32[None, None]])"},
    ),
    "free": (
        "Mixed",
        {
            "signatures": "rg(r: ragged[float32[2, None]], s: sparse[float32[2, None]])",
            "batch": "free",
        },
    ),
    "ragged and flattened": ("Mixed", {"signatures": "nest", "flatten": True}),
    "dict and flattened": ("Mixed", {"signatures": "keyed", "flatten": True}),
    "a nested function": (
        "Mixed",
        lambda made: {"signatures": {"k": made.inner.embed}, "flatten": True},
    ),
    "a trace": (
        "Mixed",
        lambda made: {
            "signatures": {
                "k": made.rg.get_concrete_function(
                    MADE["RAGGED"], tf.SparseTensorSpec([None, None], tf.float32)
                )
            }
        },
    ),
    "tf_keras": ("summed", {"inputs": "r: ragged[float32[None, None]]"}),
    "stateful": ("recurrent", {}),
    "layers": (
        "layered",
        lambda made: {
            "signatures": {"serving_default": made, "h": made.layers[1]},
            "inputs": "x: float32[None, 3]",
        },
    ),
    "a listed layer": ("blocks", lambda made: {"signatures": {"h": made.blocks[1]}}),
    "its optimizer": ("trained", {"with_optimizer": True}),
    "a function twice": (
        "bare",
        lambda made: {
            "signatures": ["a=model(x: float32[None])", "b=model(x: float32[2, None])"],
            "namespace": {"model": made},
        },
    ),
    "checkpoint": ("kept", {"signatures": "m.keyed", "flatten": True}),
    "aliased": (
        "Mixed",
        {"signatures": "nest", "flatten": True, "options": {"function_aliases": {"q": "nest"}}},
    ),
}
RAGGED_PARTS = {
    "r": tf.constant([1.0, 2.0, 3.0]),
    "r_1": tf.constant([0, 2, 3], tf.int64),
    "s": tf.constant([[0, 0], [1, 2]], tf.int64),
    "s_1": tf.constant([4.0, 5.0]),
    "s_2": tf.constant([2, 3], tf.int64),
}


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Export every case as we do, and by its program in one fresh Python."""
    from sm_magics.savedmodel import export
    from sm_magics.savedmodel.request import request

    folder = tmp_path_factory.mktemp("programs")
    (folder / "objects.py").write_text(OBJECTS, "utf-8")
    script = ["import sys", "from objects import *"]
    for index, (maker, given) in enumerate(CASES.values()):
        made = MADE["seeded"](maker)
        keywords = given(made) if callable(given) else given
        program = sm_magics.code(made, folder / "theirs" / str(index), **keywords)
        export.export(request(made, folder / "ours" / str(index), **keywords))
        script += [f"model = seeded({maker!r})", f"exec({str(program)!r})"]
    script.append("assert 'sm_magics' not in sys.modules")
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(script)],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    return folder


def served(path: Path):
    return {
        one.key: (sorted(map(str, one.inputs)), sorted(map(str, one.outputs)))
        for one in sm_magics.inspect(path).signatures
    }


@pytest.mark.parametrize("case", CASES)
def test_a_fresh_python_writes_what_an_export_writes(case, exported):
    index = str(list(CASES).index(case))
    ours, theirs = exported / "ours" / index, exported / "theirs" / index
    assert served(theirs) == served(ours)
    one, other = tf.saved_model.load(str(ours)), tf.saved_model.load(str(theirs))
    for signature in sm_magics.inspect(ours).signatures:
        feeds = {
            name: RAGGED_PARTS.get(name, value)
            for name, value in samples.make(signature.inputs).items()
        }
        expected = one.signatures[signature.key](**feeds)
        got = other.signatures[signature.key](**feeds)
        assert list(got) == list(expected)
        for name, value in expected.items():
            assert got[name].shape == value.shape
            np.testing.assert_allclose(got[name], value, rtol=1e-5)
    assert len(sm_magics.inspect(theirs).variables) == len(sm_magics.inspect(ours).variables)


def test_names_that_a_program_cannot_give_are_told():
    made = MADE["Mixed"]()
    with pytest.raises(ValueError, match="as an argument of its own"):
        sm_magics.code(made, "out", signatures="two", flatten=True)
    # Names that are none of the function's go in order.
    bound = {"signatures": "rg(model: ragged[float32[None, None]], t: sparse[float32[None, None]])"}
    with pytest.raises(ValueError, match="a program needs that name for something else"):
        sm_magics.code(made, "out", **bound)


def test_an_optimizer_without_a_path_is_told():
    made = MADE["trained"]()
    made.deep = tf.Module()
    made.deep.net, made.net = made.net, None
    made.serve = tf.function(
        lambda x: {"y": made.deep.net(x)}, input_signature=[tf.TensorSpec([None, 3], tf.float32)]
    )
    with pytest.raises(ValueError, match="no attribute of the object leads to its optimizer Adam"):
        sm_magics.code(made, "out", with_optimizer=True)


def test_a_table_behind_a_bare_function_is_told():
    table = tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(tf.constant(["a"]), tf.constant([1])), -1
    )
    spec = tf.TensorSpec([None], tf.string, "x")
    with pytest.raises(ValueError, match="a lookup table, which a program can't reach"):
        sm_magics.code(tf.function(table.lookup, input_signature=[spec]), "out")


def test_what_is_put_right_after_the_save_is_no_program():
    module = tf.Module()
    module.serve = tf.function(lambda x: x, input_signature=[tf.TensorSpec([None])])
    with pytest.raises(ValueError, match="can't do --fix devices"):
        sm_magics.code(module, "out", fix="devices")
