"""`--verify structural`: what was written is what was traced, with the variables as they are."""

from __future__ import annotations

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

import sm_magics
from sm_magics.savedmodel import policy, tf_private, verify, writing
from sm_magics.savedmodel.inspection import bundle
from sm_magics.savedmodel.options import BY_NAME
from sm_magics.savedmodel.signatures import endpoints
from sm_magics.savedmodel.verify import structure
from sm_magics.savedmodel.verify.structure import checksums

VECTOR = tf.TensorSpec([None], tf.float32, name="x")


class Rich(tf.Module):
    """A loop, a branch, a table, a constant from outside, a call, a custom gradient, a NaN."""

    def __init__(self):
        super().__init__()
        self.scale = tf.Variable([2.0], name="same")
        self.shift = tf.Variable([1.0], name="same")
        self.unserved = tf.Variable(tf.range(8, dtype=tf.float32))
        self.words = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(["a"], [1.0]), float("nan")
        )
        self.constant = tf.constant([3.0])
        self.inner = tf.function(lambda x: tf.cos(x) + self.shift)

    @tf.function(input_signature=[VECTOR])
    def serve(self, x):
        for _ in tf.range(3):
            x = x * self.scale + self.constant
        if tf.reduce_sum(x) > 0.0:
            x = self.inner(x)
        y = tf.grad_pass_through(tf.round)(x)
        return {"b": y, "a": self.words.lookup(tf.constant(["b"])), "n": x * float("nan")}


def layers():
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    embedded = keras.layers.Embedding(5, 3)(tokens)
    hidden = keras.layers.LSTM(2)(embedded)
    hidden = keras.layers.Dropout(0.5)(keras.layers.BatchNormalization()(hidden))
    return keras.Model(tokens, keras.layers.Dense(2, activation="silu")(hidden))


def structural(obj, path, **keywords):
    """Export; return what the files say of the one signature."""
    result = sm_magics.export(obj, path, verify="structural", **keywords)
    assert result.verification.level == "structural"
    (check,) = result.verification.signatures
    return check


def refused(obj, path, **keywords):
    """Export what must not be published; return the finding."""
    with pytest.raises(sm_magics.ExportError) as raised:
        sm_magics.export(obj, path / "out", verify="structural", **keywords)
    assert not list(path.iterdir()), "something was left"
    (found,) = (one for one in raised.value.findings if one.code == "SM601")
    return found


@pytest.fixture
def spoiled(monkeypatch):
    """Let the writer harm what it wrote."""

    def spoil(harm):
        write = writing.write

        def harmful(obj, root, endpoints, directory, *args):
            done = write(obj, root, endpoints, directory, *args)
            harm(directory)
            return done

        monkeypatch.setattr(writing, "write", harmful)

    return spoil


def rewriting(change):
    """Return what changes a written graph in place."""

    def harm(directory):
        path = directory / "saved_model.pb"
        model = saved_model_pb2.SavedModel.FromString(path.read_bytes())
        change(model.meta_graphs[0])
        path.write_bytes(model.SerializeToString())

    return harm


def function(meta_graph, part):
    (found,) = (f for f in meta_graph.graph_def.library.function if part in f.signature.name)
    return found


def served(meta_graph):
    (found,) = (
        f for f in meta_graph.graph_def.library.function if "inference_serve_" in f.signature.name
    )
    return found


@pytest.mark.parametrize(
    ("make", "variables", "constants"), [(Rich, 2, 2), (layers, 10, 0)], ids=["module", "keras"]
)
def test_what_was_written_is_what_was_traced(tmp_path, make, variables, constants):
    check = structural(make(), tmp_path / "out")
    assert check.status == "structure"
    files = check.structure
    assert (files.status, files.reason) == ("equal", "")
    assert (files.variables, files.constants) == (variables, constants)


def test_nothing_is_loaded_or_run(tmp_path, monkeypatch):
    def never(*_, **__):
        raise AssertionError("it was run")

    monkeypatch.setattr(tf.saved_model, "load", never)
    monkeypatch.setattr(verify, "_try_live", never)
    assert structural(Rich(), tmp_path / "out").status == "structure"


def test_what_can_not_be_followed_is_counted(tmp_path):
    module = Rich()
    module.text = tf.Variable("a")
    module.serve = tf.function(
        lambda x: {"y": module.scale * x, "t": module.text, "w": module.words.lookup(module.text)},
        input_signature=[VECTOR],
    )
    files = structural(module, tmp_path / "out").structure
    assert (files.status, files.variables) == ("equal", 1)
    assert sorted(files.left_out) == ["a table", "strings"]


def test_a_variable_that_can_not_be_read_is_counted(tmp_path, monkeypatch):
    def nowhere(_):
        raise tf.errors.FailedPreconditionError(None, None, "it is elsewhere")

    monkeypatch.setattr(tf_private, "variable_array", nowhere)
    files = structural(Rich(), tmp_path / "out").structure
    assert (files.status, files.variables) == ("equal", 0)
    assert files.left_out.count("a variable that can't be read here") == 2


def test_a_run_adds_to_what_the_files_say(tmp_path):
    (check,) = sm_magics.export(Rich(), tmp_path / "out").verification.signatures
    assert (check.status, check.structure.status) == ("equal", "equal")


def test_a_variable_that_is_another_one_in_memory(tmp_path, spoiled):
    module = Rich()
    spoiled(lambda _: module.shift.assign([1.0000001]))
    message = refused(module, tmp_path).message
    assert "was not written as it was traced: the variable 'same" in message
    assert "its value in memory is not the one that was written" in message


@pytest.mark.parametrize("name", ["scale", "unserved"])
def test_a_flipped_bit_in_a_shard(tmp_path, spoiled, name):
    def flip(directory):
        index = bundle.read_index(directory / "variables" / "variables.index")
        (entry,) = (one for one in index.entries if one.key.startswith(name))
        (shard,) = (directory / "variables").glob("*.data-*")
        written = bytearray(shard.read_bytes())
        written[entry.shards[0] - 1] ^= 1
        shard.write_bytes(written)

    spoiled(flip)
    assert f"damaged: the bytes of {name}/" in refused(Rich(), tmp_path).message


def test_a_signature_that_reads_what_the_saver_does_not_restore(tmp_path, spoiled):
    def split(meta_graph):
        nodes = meta_graph.graph_def.node
        (call,) = (n for n in nodes if "signature_wrapper" in n.attr["f"].func.name)
        (handle,) = (
            n for n in nodes if n.name in call.input and n.attr["debug_name"].s == b"same/"
        )
        other = nodes.add()
        other.CopyFrom(handle)
        other.name = "other"
        other.attr["shared_name"].s = b"other"
        call.input[list(call.input).index(handle.name)] = "other"

    spoiled(rewriting(split))
    assert "into which the saver restores nothing" in refused(Rich(), tmp_path).message


def test_variables_that_are_restored_into_each_other(tmp_path, spoiled):
    def swap(meta_graph):
        restore = function(meta_graph, "traced_restore")
        (names,) = (n for n in restore.node_def if n.name.endswith("tensor_names"))
        texts = names.attr["value"].tensor.string_val
        texts[0], texts[1] = texts[1], texts[0]

    spoiled(rewriting(swap))
    assert "is not the one that was written" in refused(Rich(), tmp_path).message


def _change_constant(meta_graph):
    body = function(meta_graph, "while_body")
    (node,) = (n for n in body.node_def if n.op == "Const" and n.name.endswith("add_2/y"))
    node.attr["value"].tensor.int_val[0] = 2


def _change_op(meta_graph):
    for function in meta_graph.graph_def.library.function:
        for node in function.node_def:
            node.op = "Sin" if node.op == "Cos" else node.op


def _rename(meta_graph):
    (node,) = (n for n in served(meta_graph).node_def if n.op == "While")
    node.name += "_"


def _return_another(meta_graph):
    wrapper = function(meta_graph, "signature_wrapper")
    first, second = wrapper.ret["identity"], wrapper.ret["identity_1"]
    wrapper.ret["identity"], wrapper.ret["identity_1"] = second, first


def _drop_effect(meta_graph):
    served(meta_graph).control_ret.clear()


def _change_captured(meta_graph):
    (call,) = (n for n in meta_graph.graph_def.node if "signature_wrapper" in n.attr["f"].func.name)
    for node in meta_graph.graph_def.node:
        if node.name in call.input and node.op == "Const" and node.attr["dtype"].type == 1:
            node.attr["value"].tensor.ClearField("tensor_content")
            node.attr["value"].tensor.float_val[:] = [4.0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_change_constant, "has another value than in the trace"),
        (_change_op, "is Sin, and Cos in the trace"),
        (_rename, "has other inputs than in the trace"),
        (_return_another, "its outputs come in another order"),
        (_drop_effect, "runs other nodes for their effects"),
        (_change_captured, "is not the one that was captured"),
    ],
)
def test_a_graph_that_was_written_wrong(tmp_path, spoiled, change, said):
    spoiled(rewriting(change))
    assert said in refused(Rich(), tmp_path).message


def test_a_function_that_is_called_was_written_wrong_under_the_very_same_name(tmp_path, spoiled):
    def change(meta_graph):
        for body in meta_graph.graph_def.library.function:
            if "while_body" in body.signature.name:
                for node in body.node_def:
                    node.op = "Sigmoid" if node.op == "Tanh" else node.op

    spoiled(rewriting(change))
    found = refused(layers(), tmp_path)
    assert "is Sigmoid, and Tanh in the trace" in found.message
    assert "was not written as it was traced" in found.message


class Counting(tf.Module):
    """Whose body is another one each time that it is traced, and computes the same or not."""

    def __init__(self, factor):
        super().__init__()
        self.count, self.factor = itertools.count(), factor

    @tf.function(input_signature=[VECTOR])
    def serve(self, x):
        return {"y": x + self.factor * float(next(self.count))}


def test_of_another_trace_the_run_is_the_judge(tmp_path):
    (check,) = sm_magics.export(Counting(0.0), tmp_path / "0").verification.signatures
    assert (check.status, check.structure.status) == ("equal", "equal")
    module = Counting(1.0)
    module.serve = tf.function(
        lambda x: {"y": tf.constant(float(next(module.count))) * 0.0 + x}, input_signature=[VECTOR]
    )
    again = sm_magics.export(module, tmp_path / "1", writer="tensorflow")
    (check,) = again.verification.signatures
    assert check.status == "equal"
    assert check.structure.another_trace
    with pytest.raises(sm_magics.ExportError, match="y: max abs"):
        sm_magics.export(Counting(1.0), tmp_path / "2", writer="tensorflow")


def test_without_a_run_another_trace_is_refused(tmp_path):
    found = refused(Counting(1.0), tmp_path, writer="tensorflow")
    assert "does not compute what the live object computes: the node" in found.message
    assert "self.factor" in found.hint


@pytest.mark.parametrize(
    "keywords",
    [
        {"fix": "devices"},
        {"fix": ["devices", "consumer"], "consumer": "2.4"},
        {"options": tf.saved_model.SaveOptions(experimental_custom_gradients=False)},
    ],
    ids=["devices", "consumer", "options"],
)
def test_what_is_put_right_after_the_save_is_no_difference(tmp_path, keywords):
    module = Rich()
    module.inner = tf.function(lambda x: pinned(x) + module.shift)

    def pinned(x):
        with tf.device("/CPU:0"):
            return tf.cos(x)

    assert structural(module, tmp_path / "out", **keywords).structure.status == "equal"


def test_a_stripped_check_can_not_be_compared(tmp_path):
    module = tf.Module()
    module.serve = tf.function(
        lambda x: {"y": tf.debugging.check_numerics(x, "not finite")}, input_signature=[VECTOR]
    )
    options = tf.saved_model.SaveOptions(experimental_debug_stripper=True)
    check = structural(module, tmp_path / "out", options=options)
    assert (check.status, check.reason) == (
        "not verified",
        "the debug stripper took checks out of it",
    )


@pytest.mark.parametrize(
    ("size", "variables", "left_out"), [(80, 2, ()), (64, 1, ("a variable in slices",))]
)
def test_variables_in_several_shards_and_in_slices(tmp_path, size, variables, left_out):
    module = tf.Module()
    module.large, module.small = tf.Variable(tf.range(20.0)), tf.Variable(2.0)
    module.serve = tf.function(
        lambda x: {"y": x * module.small, "v": module.large + 1.0}, input_signature=[VECTOR]
    )
    policy = tf.train.experimental.MaxShardSizePolicy(max_shard_size=size)
    options = tf.saved_model.SaveOptions(experimental_sharding_callback=policy)
    files = structural(module, tmp_path / "out", options=options).structure
    assert (files.status, files.variables, files.left_out) == ("equal", variables, left_out)
    assert len(list((tmp_path / "out" / "variables").glob("*.data-*"))) > 1


def test_what_tensorflow_writes_of_a_keras_model_is_not_for_a_session(tmp_path):
    model = keras.Sequential([keras.Input((3,), name="x"), keras.layers.Dense(2)])
    served = tf.function(
        lambda x: {"y": model(x, training=False)},
        input_signature=[tf.TensorSpec([None, 3], tf.float32, name="x")],
    )
    endpoint = endpoints.of_function("serving_default", served, "m")
    tf.saved_model.save(model, tmp_path / "out", signatures={"serving_default": served})
    found = structure.check([endpoint], tmp_path / "out").signatures["serving_default"]
    assert found.status == "differs"
    assert "the saver restores nothing" in found.reason


@pytest.mark.parametrize(
    "value",
    [
        np.float32(1.5),
        np.zeros([0, 3], "float64"),
        np.arange(6, dtype="int64").reshape(2, 3),
        np.array([True, False]),
        np.array([1 + 2j], "complex64"),
        tf.constant([1.0, 2.0], tf.bfloat16),
        np.arange(300_000, dtype="float32"),
        tf.cast([1, 0, 1], tf.qint8),
        tf.cast([1.0, 0.5], tf.dtypes.experimental.float8_e5m2),
        tf.cast([1, -2, 3], tf.dtypes.experimental.int4),
    ],
    ids=lambda value: f"{tf.as_dtype(value.dtype).name}{list(value.shape)}",
)
def test_variables_of_every_dtype_are_compared(tmp_path, value):
    module = tf.Module()
    module.value = tf.Variable(value)
    module.serve = tf.function(
        lambda x: {"y": x, "v": tf.identity(module.value)}, input_signature=[VECTOR]
    )
    files = structural(module, tmp_path / "out").structure
    assert (files.status, files.variables, files.left_out) == ("equal", 1, ())


def test_every_level_can_be_asked_for():
    assert BY_NAME["verify"].choices == verify.LEVELS
    assert [policy.level(one) for one in verify.LEVELS] == list(verify.LEVELS)


def test_a_checksum_is_that_of_rfc_3720():
    assert checksums.of_array(np.frombuffer(b"123456789", "uint8")) == 0xE3069283
    assert checksums.unmasked(0xA282EAD8) == 0
    assert checksums.of_array(np.zeros([0], "float32")) == 0
