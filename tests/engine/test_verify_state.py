"""Verification leaves the live object as it was, whatever its functions write."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

import sm_magics

VECTOR = tf.TensorSpec([None], tf.float32, name="x")
TEXTS = tf.TensorSpec([None], tf.string, name="x")


def served(body, *specs, **attributes):
    """Make a module whose tf.function `serve` is `body(module, *inputs)`."""
    module = tf.Module()
    for name, value in attributes.items():
        setattr(module, name, value)
    module.serve = tf.function(
        lambda *tensors: body(module, *tensors), input_signature=specs or [VECTOR]
    )
    return module


@pytest.fixture
def verified(tmp_path):
    """Export, and give back what verification says of the one signature."""

    def export(obj, **keywords):
        result = sm_magics.export(obj, tmp_path / "out", overwrite=True, **keywords)
        (check,) = result.verification.signatures
        return check

    return export


def values(obj):
    return [np.array(variable.numpy()) for variable in obj.variables]


def assert_same(before, after):
    assert len(before) == len(after) > 0
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)


def counts(self, x):
    self.state.assign_add(tf.reduce_sum(x) + 1.0)
    return x * self.state


def counts_unread(self, x):
    self.state.assign_add(1.0, read_value=False)
    return x + 1.0


def overwrites(self, x):
    self.state.assign(tf.reduce_sum(x) - 7.0)
    return x


def counts_in_control_flow(self, x):
    for _ in tf.range(3):
        if tf.reduce_sum(x) >= 0.0:
            self.state.assign_add(1.0)
        else:
            self.state.assign_sub(1.0)
    return x * self.state


nested = tf.function(tf.function(counts_in_control_flow))


def scatters(self, x):
    self.state.scatter_nd_update([[1]], [9.0])
    return x[0] + self.state


def gathers_and_scatters(self, x):
    first = tf.gather(self.state, [0])
    self.state.scatter_update(tf.IndexedSlices(tf.constant([5.0]), tf.constant([0])))
    return x[0] + first


def writes_text(self, x):
    self.state.assign(tf.strings.join([self.state, "!"]))
    return tf.strings.as_string(x) + self.state


@pytest.mark.parametrize(
    ("body", "initial"),
    [
        (counts, 1.0),
        (counts_unread, 1.0),
        (overwrites, 1.0),
        (counts_in_control_flow, 1.0),
        (nested, 1.0),
        (scatters, [1.0, 2.0]),
        (gathers_and_scatters, [1.0, 2.0]),
        (writes_text, "text"),
        (writes_text, ["a\0", "b"]),
    ],
)
def test_a_written_variable_is_put_back_and_the_function_verified(verified, body, initial):
    spec = tf.TensorSpec([2], tf.float32, name="x")
    module = served(body, spec, state=tf.Variable(initial, name="state"))
    before = values(module)
    check = verified(module)
    assert check.status == "equal"
    assert check.note.startswith("it writes ")
    assert check.note.endswith("; the live values were put back")
    assert_same(before, values(module))


def test_the_note_names_what_is_written_and_only_that(verified):
    module = served(
        lambda self, x: x * self.read + self.written.assign_add(1.0),
        read=tf.Variable(1.0, name="read"),
        written=tf.Variable(1.0, name="written"),
    )
    assert verified(module).note == "it writes written; the live values were put back"


def test_a_function_that_writes_nothing_has_no_note(verified):
    assert verified(served(lambda self, x: x * self.v, v=tf.Variable(1.0))).note == ""


def test_the_written_value_is_exported_as_it_was(tmp_path):
    module = served(counts, state=tf.Variable(1.0))
    result = sm_magics.export(module, tmp_path / "out")
    loaded = tf.saved_model.load(str(result.path))
    answer = loaded.signatures["serving_default"](x=tf.constant([1.0]))
    np.testing.assert_allclose(answer["output_0"], [3.0])


def test_a_generator_draws_afterwards_what_it_would_have(verified):
    def fresh():
        return served(
            lambda self, x: x + self.generator.uniform([]),
            generator=tf.random.Generator.from_seed(1),
        )

    module = fresh()
    check = verified(module)
    assert check.status == "equal"
    assert "StateVar" in check.note
    np.testing.assert_array_equal(module.serve([1.0]), fresh().serve([1.0]))


def test_the_generators_of_the_runtime_draw_afterwards_what_they_would_have(verified):
    def fresh():
        tf.random.set_seed(1)
        return served(lambda _, x: x + tf.random.uniform([]))

    expected = fresh().serve([1.0])
    module = fresh()
    assert verified(module).status == "shapes"
    np.testing.assert_array_equal(module.serve([1.0]), expected)


def test_a_keras_model_that_draws_is_not_run(verified):
    class Noisy(keras.layers.Layer):
        def call(self, x):
            return x + tf.random.normal([])

    layer = Noisy()
    tf.random.set_seed(1)
    expected = tf.random.normal([])
    layer(tf.ones([1, 2]))
    tf.random.set_seed(1)
    check = verified(layer, inputs="x: float32[None, 2]")
    assert "RandomStandardNormal" in check.reason
    np.testing.assert_array_equal(tf.random.normal([]), expected)


@pytest.mark.parametrize("k", [keras, tf_keras])
def test_a_stateful_recurrent_model_keeps_its_state(verified, k):
    model = k.Sequential([k.Input(batch_shape=(2, 3, 4)), k.layers.LSTM(2, stateful=True)])
    model(np.ones((2, 3, 4), "float32"))
    before = values(model)
    assert any(np.any(state) for state in before)
    check = verified(model)
    assert check.status == "equal"
    assert "it writes" in check.note
    assert_same(before, values(model))


@pytest.mark.parametrize("level", ["run", "process"])
def test_signatures_that_share_written_state_are_each_run_from_the_start(tmp_path, level):
    module = served(
        lambda self, x: x + self.state.assign_add(1.0), state=tf.Variable(0.0, name="state")
    )

    def unread(x):
        module.state.assign_add(2.0, read_value=False)
        return x

    module.unread = tf.function(unread, input_signature=[VECTOR])
    module.times = tf.function(
        lambda x: (x + 1.0) * module.state.assign_add(1.0), input_signature=[VECTOR]
    )
    result = sm_magics.export(
        module, tmp_path / "out", ["a=serve", "b=unread", "c=times"], verify=level
    )
    assert result.verification.level == level
    assert [check.status for check in result.verification.signatures] == ["equal"] * 3
    assert module.state.numpy() == 0.0


def test_a_variable_that_is_the_answer_is_compared_as_it_was_answered(verified):
    class Counter(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.count = tf.Variable(1.0)

        def call(self, x):
            self.count.assign_add(tf.reduce_sum(x) * 0.0 + 5.0)
            return self.count

    layer = Counter()
    assert verified(layer, inputs="x: float32[2]").status == "equal"
    assert layer.count.numpy() == 1.0 + 5.0  # once, to build the layer


def test_a_mismatch_and_a_failure_leave_the_object_as_it_was(tmp_path):
    def body(self, x):
        return {"y": x * self.state.assign_add(self.step)}

    module = served(body, state=tf.Variable(1.0), step=1.0)
    module.serve(tf.ones([2]))
    module.step = 5.0
    with pytest.raises(sm_magics.ExportError, match="SM601"):
        sm_magics.export(module, tmp_path / "out", writer="tensorflow")
    assert module.state.numpy() == 2.0

    def fails(self, x):
        with tf.control_dependencies([self.state.assign_add(1.0)]):
            return tf.ensure_shape(x, [None] * 4)

    module = served(fails, tf.TensorSpec(None, tf.float32), state=tf.Variable(1.0))
    result = sm_magics.export(module, tmp_path / "out")
    assert result.verification.signatures[0].status == "not verified"
    assert module.state.numpy() == 1.0


def table():
    return tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)


def inserts(self, x):
    self.table.insert(x, tf.ones_like(x, tf.int64))
    return self.table.lookup(x)


def test_a_table_that_is_written_to_is_not_run(verified):
    module = served(inserts, TEXTS, table=table())
    check = verified(module)
    assert check.status == "not verified"
    assert check.reason == (
        "it writes to a table or another resource that can't be put back (LookupTableInsertV2)"
    )
    assert module.table.size() == 0


def test_a_table_that_is_written_to_in_an_inner_function_is_not_run(verified):
    module = served(tf.function(inserts), TEXTS, table=table())
    assert verified(module).status == "not verified"
    assert module.table.size() == 0


@pytest.mark.parametrize("wrap", [lambda body: body, tf.function])
def test_tables_that_are_only_read_are_verified(verified, wrap):
    module = served(wrap(lambda self, x: self.table.lookup(x)), TEXTS, table=table())
    module.table.insert(["a"], [7])
    assert verified(module).status == "equal"
    static = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(["a"], [1]), -1)
    assert (
        verified(served(wrap(lambda self, x: self.table.lookup(x)), TEXTS, table=static)).status
        == "equal"
    )


@pytest.mark.parametrize("k", [keras, tf_keras])
def test_keras_lookups_are_verified(verified, k):
    model = k.Sequential(
        [k.Input((1,), dtype="string"), k.layers.StringLookup(vocabulary=["a", "b"])]
    )
    assert verified(model).status == "equal"


@pytest.mark.parametrize("call", [tf.py_function, tf.numpy_function])
def test_python_is_not_called_back(verified, call):
    calls = []

    def double(x):
        calls.append(x)
        return x * 2.0

    # SM401 says that nobody else can run it.
    check = verified(served(lambda _, x: call(double, [x], tf.float32)), ignore="SM401")
    assert check.status == "not verified"
    assert check.reason == "it calls back into Python, which may change anything"
    assert not calls


def test_python_is_not_called_back_from_a_dataset(verified):
    calls = []

    def total(_, x):
        result = tf.constant(0.0)
        for one in tf.data.Dataset.from_tensor_slices(x).map(
            lambda y: tf.py_function(lambda z: calls.append(z) or z, [y], tf.float32)
        ):
            result += one
        return result

    assert "calls back into Python" in verified(served(total), ignore="SM401").reason
    assert not calls


def test_a_dataset_without_python_is_verified(verified):
    def total(_, x):
        result = tf.constant(0.0)
        for one in tf.data.Dataset.from_tensor_slices(x):
            result += one
        return result

    assert verified(served(total)).status == "equal"


@pytest.mark.parametrize("kind", ["WriteFile", "PrintV2"])
def test_no_file_is_written(verified, tmp_path, kind):
    file = tmp_path / "side"

    def body(_, x):
        if kind == "WriteFile":
            tf.io.write_file(str(file), "text")
        else:
            tf.print("text", output_stream=f"file://{file}")
        return x

    check = verified(served(body))
    assert (check.status, check.reason) == ("not verified", f"it writes files ({kind})")
    assert not file.exists()


def test_printing_is_no_reason_not_to_run(verified):
    def body(_, x):
        tf.print("a sample")
        return x

    assert verified(served(body)).status == "equal"


def test_a_loaded_model_is_put_back_too(tmp_path):
    first = served(counts, state=tf.Variable(1.0))
    sm_magics.export(first, tmp_path / "first")
    loaded = tf.saved_model.load(str(tmp_path / "first"))
    result = sm_magics.export(loaded, tmp_path / "second")
    (check,) = result.verification.signatures
    assert check.status == "equal"
    assert "put back" in check.note
    assert loaded.state.numpy() == 1.0
