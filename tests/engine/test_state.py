"""What a function may write is found in its graph, and put back."""

from __future__ import annotations

import signal

import numpy as np
import pytest
import tensorflow as tf

from sm_magics.savedmodel.verify import state


def concrete(function, *specs):
    return tf.function(function).get_concrete_function(*specs)


def effect(function, *specs):
    """Trace a function for what it does, whatever it returns."""

    def body(*tensors):
        function(*tensors)

    return concrete(body, *specs)


def names(function, *specs):
    return [found.name for found in state.written_variables(concrete(function, *specs))]


def test_only_written_variables_are_found():
    read, written = tf.Variable(1.0, name="read"), tf.Variable(1.0, name="written")
    assert names(lambda: written.assign(read)) == ["written"]
    assert names(lambda: read + written) == []


def test_variables_are_found_at_any_depth():
    variable = tf.Variable(1.0, name="deep")

    @tf.function
    def inner():
        if variable > 0.0:
            for _ in tf.range(2):
                variable.assign_add(1.0)
        return variable.read_value()

    assert names(tf.function(inner)) == ["deep"]


def test_variables_are_found_that_are_never_read():
    variable = tf.Variable(1.0)

    def write():
        variable.assign(2.0, read_value=False)

    (found,) = state.written_variables(concrete(write))
    assert found.handle is variable.handle
    assert found.dtype == tf.float32


def test_gathering_from_a_variable_is_no_write():
    table = tf.Variable([1.0, 2.0])
    assert names(lambda: tf.gather(table, [1]) + tf.gather_nd(table, [[1]])) == []


@pytest.mark.parametrize(
    "initial", [1.0, [1, 2], "text", ["a", "b"], True, tf.constant(1.0, tf.bfloat16), [[1j]]]
)
def test_values_are_put_back(initial):
    variable = tf.Variable(initial)
    before = variable.read_value()
    with state.kept([variable]):
        variable.assign(tf.zeros_like(variable))
        assert tf.reduce_any(tf.not_equal(variable, before))
    np.testing.assert_array_equal(variable.numpy(), before.numpy())


def test_values_of_any_shape_are_put_back():
    variable = tf.Variable([1.0], shape=[None])
    with state.kept([variable]):
        variable.assign([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(variable, [1.0])


def test_values_are_put_back_after_scattering_into_them():
    variable = tf.Variable([1.0, 2.0])
    with state.kept([variable]):
        variable.scatter_update(tf.IndexedSlices([9.0], [0]))
        variable[1].assign(8.0)
    np.testing.assert_array_equal(variable, [1.0, 2.0])


def test_values_are_put_back_after_an_error():
    variable = tf.Variable(1.0)

    def fail():
        with state.kept([variable]):
            variable.assign(2.0)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert variable.numpy() == 1.0


@pytest.fixture
def handler():
    """Give back who handles SIGINT, and leave it so."""
    previous = signal.getsignal(signal.SIGINT)
    yield previous
    signal.signal(signal.SIGINT, previous)


def test_an_interrupt_waits_until_all_values_are_put_back(monkeypatch, handler):
    variables = [tf.Variable(float(n)) for n in range(3)]
    assign, interrupts = tf.raw_ops.AssignVariableOp, []

    def interrupted(**keywords):
        assign(**keywords)
        interrupts.append(1)
        signal.raise_signal(signal.SIGINT)

    def run():
        with state.kept(variables):
            for variable in variables:
                variable.assign(9.0)
            monkeypatch.setattr(tf.raw_ops, "AssignVariableOp", interrupted)

    with pytest.raises(KeyboardInterrupt):
        run()
    assert len(interrupts) == 3
    assert [variable.numpy() for variable in variables] == [0.0, 1.0, 2.0]
    assert signal.getsignal(signal.SIGINT) is handler


@pytest.mark.usefixtures("handler")
def test_an_interrupt_passes_at_once_while_the_function_runs():
    variable, reached = tf.Variable(1.0), []

    def run():
        with state.kept([variable]):
            variable.assign(2.0)
            signal.raise_signal(signal.SIGINT)
            reached.append(1)

    with pytest.raises(KeyboardInterrupt):
        run()
    assert not reached
    assert variable.numpy() == 1.0


TEXT = tf.TensorSpec([], tf.string)
NUMBER = tf.TensorSpec([], tf.float32)


def table():
    return tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)


def test_what_can_not_be_put_back_is_told():
    mutable, queue = table(), tf.queue.FIFOQueue(3, [tf.float32])
    reasons = {
        state.why_not_to_run(effect(function, spec))
        for function, spec in [
            (lambda x: mutable.insert(x, tf.constant(1, tf.int64)), TEXT),
            (mutable.remove, tf.TensorSpec([None], tf.string)),
            (queue.enqueue, NUMBER),
            (lambda x: x + queue.dequeue(), NUMBER),
            (lambda x: tf.py_function(lambda y: y, [x], tf.float32), NUMBER),
            (lambda x: tf.io.write_file("file", x), TEXT),
            (
                lambda x: tf.raw_ops.SaveV2(
                    prefix=x, tensor_names=["a"], shape_and_slices=[""], tensors=[1.0]
                ),
                TEXT,
            ),
        ]
    }
    other = "it writes to a table or another resource that can't be put back"
    assert reasons == {
        f"{other} (LookupTableInsertV2)",
        f"{other} (LookupTableRemoveV2)",
        f"{other} (QueueEnqueueV2)",
        f"{other} (QueueDequeueV2)",
        "it calls back into Python, which may change anything",
        "it writes files (WriteFile)",
        "it writes files (SaveV2)",
    }


def test_what_only_reads_may_run():
    mutable, variable = table(), tf.Variable(1.0)

    def reads(x):
        tf.print(x)
        return mutable.lookup(x), mutable.size(), mutable.export(), variable.assign_add(1.0)

    assert state.why_not_to_run(concrete(reads, TEXT)) == ""


def test_writes_to_a_table_are_found_next_to_reads_of_it():
    mutable = table()

    @tf.function
    def inner(x):
        mutable.insert(x, mutable.lookup(x) + 1)
        return mutable.size()

    assert "LookupTableInsertV2" in state.why_not_to_run(concrete(inner, TEXT))


def test_generators_of_the_runtime_are_found():
    @tf.function
    def inner(x):
        return tf.map_fn(lambda y: y + tf.random.normal([]), x)

    vector = tf.TensorSpec([None])
    assert state.random_ops(concrete(inner, vector)) == ["RandomStandardNormal"]
    assert state.random_ops(concrete(tf.random.shuffle, vector)) == ["RandomShuffle"]
    assert state.random_ops(concrete(lambda x: tf.nn.dropout(x, 0.5), vector)) == ["RandomUniform"]
    categorical = concrete(lambda x: tf.random.categorical([x], 1), vector)
    assert state.random_ops(categorical) == ["Multinomial"]


def test_an_op_that_merely_has_a_seed_draws_nothing():
    def hits(x):
        return tf.nn.compute_accidental_hits(tf.reshape(x, [-1, 1]), x, 1, seed=1)

    assert state.random_ops(concrete(hits, tf.TensorSpec([2], tf.int64))) == []


def test_generators_with_a_state_of_their_own_are_none_of_these():
    generator = tf.random.Generator.from_seed(1)

    def draws(x):
        return x + generator.normal([]) + tf.random.stateless_normal([], [1, 2])

    assert state.random_ops(concrete(draws, tf.TensorSpec([None]))) == []
