"""`code`: the program is run, and what it writes is loaded and compared with our own export."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras
from numpy.testing import assert_allclose

import sm_magics
from sm_magics.savedmodel.verify import samples

ROWS = tf.TensorSpec([None, 3], tf.float32)


class Encoder(tf.Module):
    def __init__(self):
        self.weight = tf.Variable(3.0)

    @tf.function
    def embed(self, x, y):
        return {"sum": x + y * self.weight, "rest": x}


class Pair(tf.Module):
    def __init__(self):
        self.encoder = Encoder()
        self.blocks = [Encoder()]
        self.scale = tf.Variable(2.0)

    @tf.function(input_signature=[ROWS])
    def serve(self, x):
        return x * self.scale

    @tf.function
    def plain(self, x, y):
        return x - y

    @tf.function(input_signature=[ROWS])
    def nested(self, x):
        return {"later": (x, [x * 2.0]), "first": x + 1.0}


class Lone(tf.Module):
    def __init__(self):
        self.scale = tf.Variable(2.0)

    @tf.function(input_signature=[ROWS])
    def serve(self, x):
        return x * self.scale


class Sub(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(2)

    def call(self, x, training=None):
        y = self.dense(x)
        return {"later": y, "first": (y * 2.0 if training else y)}


class Listing(keras.Model):
    def __init__(self):
        super().__init__()
        self.extra = tf.Variable(4.0)
        self.dense = keras.layers.Dense(2)

    def call(self, model, tf):
        return self.dense(model) * self.extra + tf, model


def single():
    x = keras.Input((3,), name="x")
    out = keras.layers.Dense(2, name="out")(keras.layers.Dropout(0.5)(x))
    return keras.Model(x, out)


def many():
    a, b = keras.Input((3,), name="tf"), keras.Input((3,), name="model")
    left = keras.layers.Dense(2, name="left")(a)
    return keras.Model([a, b], [left, keras.layers.Dense(1, name="right")(left + b[:, :2])])


def keyed():
    taken = {"u": keras.Input((3,), name="u"), "v": keras.Input((), dtype="int32", name="v")}
    scaled = keras.layers.Lambda(lambda t: t[0] * keras.ops.cast(t[1], "float32")[:, None])
    out = scaled([taken["u"], taken["v"]])
    return keras.Model(taken, {"z": keras.layers.Dense(2)(out), "a": out})


def words():
    text = keras.Input((), dtype="string", name="text")
    ids = keras.layers.StringLookup(vocabulary=["a", "b", "c"])(text)
    return keras.Model(text, keras.layers.Embedding(8, 2, name="vector")(ids))


def called():
    model = Sub()
    model(np.ones((2, 3), "float32"))
    return model


def twice():
    model = Listing()
    model(np.ones((2, 3), "float32"), np.ones((2, 2), "float32"))
    return model


def holder():
    class Holder(tf.Module):
        def __init__(self):
            self.inner = single()

        @tf.function(input_signature=[ROWS])
        def serve(self, x):
            return {"y": self.inner(x)}

    return Holder()


def old():
    x = tf_keras.Input((3,), name="x")
    return tf_keras.Model(x, tf_keras.layers.Dense(2, name="out")(x))


def bare():
    scale = tf.Variable(5.0)

    @tf.function(input_signature=[ROWS])
    def f(x):
        return x * scale

    f.kept = scale
    return f


CASES = {
    "module": (Lone, {}),
    "two signatures": (Pair, {"signatures": ["a=serve", "b=serve(x: float32[2, 3])"]}),
    "text": (Pair, {"signatures": "minus=plain(y: float32[None, 3], x: float32[None, 3])"}),
    "text in order": (Pair, {"signatures": "plain(p: float32[None], q: float32[None])"}),
    "nested": (
        Pair,
        {"signatures": ["embed=encoder.embed(x: float32[...], y: float32[])", "serve=serve"]},
    ),
    "item": (Pair, {"signatures": "blocks[0].embed(x: float32[None], y: float32[])"}),
    "flattened": (Pair, {"signatures": "nested", "flatten": True}),
    "fixed batch": (called, {"batch": "fixed"}),
    "functional": (single, {}),
    "many": (many, {}),
    "keyed": (keyed, {}),
    "functional with inputs": (single, {"inputs": "x: float32[4, 3]"}),
    "sequential": (
        lambda: keras.Sequential([keras.Input((3,), name="x"), keras.layers.Dense(2, name="out")]),
        {},
    ),
    "lookup": (words, {}),
    "called": (called, {}),
    "two arguments and a tf.Variable": (
        twice,
        {"inputs": "model: float32[None, 3], tf: float32[None, 2]"},
    ),
    "unbuilt": (Sub, {"inputs": "x: float32[None, 3]"}),
    "forward by name": (called, {"signatures": "k=call(x: float32[5, 3])"}),
    "module of keras": (holder, {}),
    "tf_keras": (old, {}),
    "bare function": (bare, {}),
    "options": (
        Lone,
        {
            "options": {
                "extra_tags": ["gpu"],
                "save_debug_info": True,
                "experimental_sharding_callback": "1kB",
                "function_aliases": {"mine": "serve"},
                "variable_policy": "save_variable_devices",
                "custom_gradients": False,
            }
        },
    ),
}


def run(program, obj, name="model"):
    exec(compile(program, "<program>", "exec"), {name: obj})


def session(path, tags, feeds):
    with tf.Graph().as_default(), tf.compat.v1.Session() as sess:
        graph = tf.compat.v1.saved_model.load(sess, tags, str(path))
        answers = {}
        for key, given in feeds.items():
            written = graph.signature_def[key]
            answers[key] = sess.run(
                {name: tensor.name for name, tensor in written.outputs.items()},
                {written.inputs[name].name: value for name, value in given.items()},
            )
        return answers


def described(path):
    seen = sm_magics.inspect(path)
    return seen.tags, {
        s.key: (sorted(map(str, s.inputs)), sorted(map(str, s.outputs)))
        for s in seen.signatures
        if not s.key.startswith("__")
    }


def same(ours, theirs):
    assert described(theirs) == described(ours)
    tags, signatures = described(ours)
    seen = {s.key: s for s in sm_magics.inspect(ours).signatures}
    feeds = {key: samples.make(seen[key].inputs) for key in signatures}
    feeds = {key: {n: t.numpy() for n, t in given.items()} for key, given in feeds.items()}
    loaded = tf.saved_model.load(str(theirs), tags=list(tags))
    expected = session(ours, list(tags), feeds)
    got = session(theirs, list(tags), feeds)
    for key, given in feeds.items():
        eager = loaded.signatures[key](**{n: tf.constant(v) for n, v in given.items()})
        for name, value in expected[key].items():
            assert_allclose(got[key][name], value, rtol=1e-6)
            assert_allclose(eager[name].numpy(), value, rtol=1e-6)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("case", CASES)
def test_the_program_writes_what_an_export_writes(case):
    make, keywords = CASES[case]
    obj = make()
    program = sm_magics.code(obj, "theirs", **keywords)
    assert not list(Path().iterdir())
    ast.parse(program)
    assert "sm_magics" not in program
    run(program, obj)
    sm_magics.export(obj, "ours", **keywords)
    same("ours", "theirs")


def test_options_reach_the_files():
    obj = Lone()
    program = sm_magics.code(obj, "out", **CASES["options"][1])
    run(program, obj)
    assert set(described("out")[0]) == {"gpu", "serve"}
    assert Path("out/debug/saved_model_debug_info.pb").exists()
    aliases = tf.saved_model.load("out", tags=["serve", "gpu"])
    assert aliases.signatures
    assert "experimental_image_format" not in program
    assert "MaxShardSizePolicy(max_shard_size=1000)" in "".join(program.split())


@pytest.mark.parametrize("case", ["functional", "nested"])
def test_the_program_runs_without_sm_magics(case):
    make, keywords = CASES[case]
    obj = make()
    program = sm_magics.code(obj, "theirs", **keywords)
    sm_magics.export(obj, "ours", **keywords)
    if case == "functional":
        obj.save("model.keras")
        head = "import keras\nmodel = keras.saving.load_model('model.keras')\n"
    else:
        source = Path(__file__).read_text("utf-8")
        head = "\n".join(
            ["import tensorflow as tf", "ROWS = tf.TensorSpec([None, 3], tf.float32)"]
            + [
                ast.get_source_segment(source, node)
                if not node.decorator_list
                else ast.unparse(node)
                for node in ast.parse(source).body
                if isinstance(node, ast.ClassDef) and node.name in ("Encoder", "Pair")
            ]
            + ["model = Pair()\n"]
        )
    tail = "\nimport sys\nassert 'sm_magics' not in sys.modules\n"
    Path("program.py").write_text(head + program + tail, "utf-8")
    done = subprocess.run(
        [sys.executable, "program.py"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    same("ours", "theirs")


def test_ruff_would_change_nothing():
    programs = []
    for index, (make, keywords) in enumerate(CASES.values()):
        path = Path(f"program_{index}.py")
        path.write_text(sm_magics.code(make(), "a/b", overwrite=True, **keywords), "utf-8")
        programs.append(str(path))
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--isolated", "--diff", *programs],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_concrete_functions_stay_expressions():
    obj = Pair()
    concrete = obj.plain.get_concrete_function(ROWS, y=tf.TensorSpec([], tf.float32, name="by"))
    program = sm_magics.code(obj, "theirs", signatures={"minus": concrete})
    assert "model.plain.get_concrete_function(" in program
    run(program, obj)
    sm_magics.export(obj, "ours", signatures={"minus": concrete})
    same("ours", "theirs")


def test_signatures_of_a_loaded_model_are_kept():
    tf.saved_model.save(Lone(), "first")
    obj = tf.saved_model.load("first")
    program = sm_magics.code(obj, "theirs")
    run(program, obj)
    same("first", "theirs")


def test_versions_and_overwriting(here):
    obj = Lone()
    (here / "versions" / "4").mkdir(parents=True)
    run(sm_magics.code(obj, "versions", next_version=True), obj)
    assert (here / "versions" / "5" / "saved_model.pb").exists()
    program = sm_magics.code(obj, "versions/5", overwrite=True)
    assert "# Not atomic" in program
    (here / "versions" / "5" / "stale").touch()
    run(program, obj)
    assert not (here / "versions" / "5" / "stale").exists()
    assert described("versions/5")[1]
    run(sm_magics.code(obj, "new", overwrite=True), obj)
    assert described("new")[1]


def test_without_signatures_nothing_is_chosen():
    obj = Encoder()
    run(sm_magics.code(obj, "out", allow_no_signature=True), obj)
    assert described("out")[1] == {}
    with pytest.raises(sm_magics.ExportError) as caught:
        sm_magics.code(obj, "out2")
    assert [found.code for found in caught.value.findings] == ["SM201"]


@tf.function(input_signature=[ROWS])
def module_level(x):
    return x + 1.0


def test_a_function_of_the_module_is_named():
    obj = Lone()
    program = sm_magics.code(obj, "out", signatures=module_level)
    assert "# module_level = ...: yours too" in program
    exec(program, {"model": obj, "module_level": module_level})
    assert described("out")[1] == {
        "serving_default": (["x: float32[None, 3]"], ["output_0: float32[None, 3]"])
    }


def test_what_a_program_cannot_say():
    class Mine(tf.train.experimental.MaxShardSizePolicy):
        pass

    with pytest.raises(ValueError, match="sharding callback is an object of your own"):
        sm_magics.code(
            Lone(), "out", options={"experimental_sharding_callback": Mine(max_shard_size=9)}
        )
    pathless = tf.function(lambda x: x, input_signature=[ROWS])
    with pytest.raises(ValueError, match="'k' has no path"):
        sm_magics.code(Lone(), "out", signatures={"k": pathless})
    with pytest.raises(ValueError, match="alias 'k' has no path"):
        sm_magics.code(Lone(), "out", options={"function_aliases": {"k": pathless}})


def test_a_layer_of_the_model_is_served():
    obj = called()
    program = sm_magics.code(obj, "theirs", signatures="dense(x: float32[None, 3])")
    assert "model.dense(" in program
    run(program, obj)
    sm_magics.export(obj, "ours", signatures="dense(x: float32[None, 3])")
    same("ours", "theirs")


def test_names_do_not_hide_each_other():
    obj = many()
    program = sm_magics.code(obj, "theirs", signatures="root=call")
    run(program, obj)
    sm_magics.export(obj, "ours", signatures="root=call")
    same("ours", "theirs")


def test_names_of_other_parameters_are_handed_on_in_order():
    class Swapped(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([], name="y"), tf.TensorSpec([], name="x")])
        def f(self, x, y):
            return x - 10.0 * y

    obj = Swapped()
    run(sm_magics.code(obj, "theirs"), obj)
    sm_magics.export(obj, "ours")
    same("ours", "theirs")


def test_the_forward_pass_of_a_part_is_served():
    obj = tf.train.Checkpoint(part=single())
    program = sm_magics.code(obj, "theirs", signatures="part.call")
    assert "model.part(" in program
    run(program, obj)
    sm_magics.export(obj, "ours", signatures="part.call")
    same("ours", "theirs")
