"""What verification says: equal, differs, shapes, not verified; and what then is published."""

from __future__ import annotations

import types

import keras
import numpy as np
import psutil
import pytest
import tensorflow as tf

import sm_magics

VECTOR = tf.TensorSpec([None], tf.float32, name="x")


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


def refused(obj, tmp_path, **keywords):
    """Export what must not be published, by the writer that traces again; return the finding."""
    with pytest.raises(sm_magics.ExportError) as raised:
        sm_magics.export(obj, tmp_path / "out", writer="tensorflow", **keywords)
    assert not list(tmp_path.iterdir()), "something was left"
    (found,) = raised.value.findings
    return found


def stale():
    """Make a module that was called with an attribute that has changed since.

    TensorFlow's writer traces it again, with the new one; the live object still has the old trace.
    """
    module = served(lambda self, x: {"scaled": x * self.factor}, factor=2.0)
    module.serve(tf.ones([2]))
    module.factor = 3.0
    return module


def weights():
    return served(lambda self, x: x * self.weight, weight=tf.Variable([1.0, 2.0]))


def spoil(monkeypatch, harm):
    """Let the writer harm what it wrote."""
    write = tf.saved_model.save

    def save(obj, directory, **keywords):
        write(obj, directory, **keywords)
        harm(directory)

    monkeypatch.setattr(tf.saved_model, "save", save)


def test_an_export_is_run_and_compared_by_default(tmp_path):
    result = sm_magics.export(weights(), tmp_path / "out")
    (check,) = result.verification.signatures
    assert result.verification.level == "run"
    assert (check.key, check.status, check.reason, check.note) == (
        "serving_default",
        "equal",
        "",
        "",
    )
    (output,) = check.outputs
    assert (output.name, output.dtype, output.max_abs, output.max_rel) == (
        "output_0",
        "float32",
        0.0,
        0.0,
    )


@pytest.mark.parametrize("level", ["run", "process"])
def test_a_python_attribute_that_changed_is_sm601_and_nothing_is_published(tmp_path, level):
    found = refused(stale(), tmp_path, verify=level)
    assert (found.code, found.severity) == ("SM601", "error")
    assert found.message == (
        "the signature 'serving_default' does not compute what the live object computes: "
        "scaled: max abs 0.637, max rel 0.5"
    )
    assert "Python state" in found.hint


def test_the_same_attribute_changed_before_the_call_is_fine(verified):
    module = served(lambda self, x: x * self.factor, factor=2.0)
    module.factor = 3.0
    module.serve(tf.ones([2]))
    assert verified(module).status == "equal"


def test_a_mismatch_keeps_the_export_that_stands_there(tmp_path):
    sm_magics.export(weights(), tmp_path / "out")
    before = sorted((p.name, p.stat().st_size) for p in (tmp_path / "out").rglob("*"))
    with pytest.raises(sm_magics.ExportError):
        sm_magics.export(stale(), tmp_path / "out", overwrite=True, writer="tensorflow")
    assert sorted((p.name, p.stat().st_size) for p in (tmp_path / "out").rglob("*")) == before


def test_whoever_asks_for_no_verification_gets_the_mismatch(tmp_path):
    result = sm_magics.export(stale(), tmp_path / "out", verify=False, writer="tensorflow")
    loaded = tf.saved_model.load(str(result.path))
    served_now = loaded.signatures["serving_default"](x=tf.ones([2]))["scaled"]
    np.testing.assert_allclose(served_now, [3.0, 3.0])
    assert result.verification.level == "none"
    assert result.verification.reason == "it was not asked for"


@pytest.mark.parametrize("policy", [{"ignore": "SM601"}, {"ignore": "SM"}, {"select": "SM1"}])
def test_a_mismatch_is_never_filtered_away(tmp_path, policy):
    assert refused(stale(), tmp_path, **policy).code == "SM601"


def test_a_weight_that_was_written_wrong_by_one_percent_is_found(tmp_path, monkeypatch):
    inputs = keras.Input((4,), name="x")
    model = keras.Model(inputs, keras.layers.Dense(3, kernel_initializer="ones")(inputs))
    kernel, write = model.layers[1].kernel, tf.saved_model.save

    def save(*args, **keywords):
        right = kernel.numpy()
        wrong = right.copy()
        wrong[1, 2] *= 1.01
        kernel.assign(wrong)
        write(*args, **keywords)
        kernel.assign(right)

    monkeypatch.setattr(tf.saved_model, "save", save)
    found = refused(model, tmp_path)
    assert found.code == "SM601"
    assert "dense" in found.message
    assert "its value in memory is not the one that was written" in found.message


def test_a_damaged_checkpoint_is_found(tmp_path, monkeypatch):
    def flip(directory):
        (shard,) = tf.io.gfile.glob(f"{directory}/variables/*.data-*")
        with open(shard, "r+b") as file:  # noqa: PTH123, a path of TensorFlow's
            first = file.read(1)
            file.seek(0)
            file.write(bytes([first[0] ^ 0xFF]))

    spoil(monkeypatch, flip)
    found = refused(weights(), tmp_path)
    assert found.code == "SM601"
    assert "the checkpoint is damaged: the bytes of weight/" in found.message


def test_another_dtype_is_a_mismatch(tmp_path):
    module = served(lambda self, x: {"y": tf.cast(x, self.dtype)}, dtype=tf.float32)
    module.serve(tf.ones([2]))
    module.dtype = tf.float64
    assert "y: float32 became float64" in refused(module, tmp_path).message


def test_another_shape_is_a_mismatch(tmp_path):
    module = served(lambda self, x: {"y": tf.tile(x, [self.times])}, times=2)
    module.serve(tf.ones([2]))
    module.times = 3
    assert "y: shape (4,) became (6,)" in refused(module, tmp_path).message


def test_another_name_is_a_mismatch(tmp_path):
    module = served(lambda self, x: {self.name_of_output: x}, name_of_output="a")
    module.serve(tf.ones([2]))
    module.name_of_output = "b"
    message = refused(module, tmp_path).message
    assert "a: it is missing in the export" in message
    assert "b: the live object has no such output" in message


def test_only_what_differs_is_told(tmp_path):
    module = served(lambda self, x: {"same": x, "other": x + self.bias}, bias=0.0)
    module.serve(tf.ones([2]))
    module.bias = 0.25
    message = refused(module, tmp_path).message
    assert "other: max abs 0.25" in message
    assert "same" not in message


def test_a_live_object_that_rejects_the_sample_is_not_verified(verified):
    module = served(
        lambda _, x: tf.ensure_shape(x, [None] * 4), tf.TensorSpec(None, tf.float32, name="x")
    )
    check = verified(module)
    assert check.status == "not verified"
    assert check.reason == (
        "the live object rejects the sample inputs (InvalidArgumentError: Shape of tensor "
        "x [2] is not compatible with expected shape [?,?,?,?].); pass --sample"
    )
    assert verified(module, sample=np.ones((1, 2, 3, 4), "float32")).status == "equal"


def test_a_sample_makes_the_difference(tmp_path):
    # Made-up inputs are below 1 and see nothing.
    module = served(lambda self, x: tf.where(x > 10.0, x * self.factor, x), factor=2.0)
    module.serve(tf.ones([2]))
    module.factor = 3.0
    blind = sm_magics.export(module, tmp_path / "blind", writer="tensorflow")
    assert blind.verification.signatures[0].status == "equal"
    with pytest.raises(sm_magics.ExportError, match="SM601"):
        sm_magics.export(module, tmp_path / "seeing", sample={"x": [20.0]}, writer="tensorflow")


def test_a_live_object_that_disagrees_with_itself_is_compared_by_shape(verified):
    module = served(lambda _, x: x + tf.cast(tf.timestamp() * 1e6 % 1e6, tf.float32))
    check = verified(module)
    assert check.status == "shapes"
    assert check.reason == (
        "the live object answers differently each time; dtypes and shapes agree"
    )
    (output,) = check.outputs
    assert (output.equal, output.max_abs) == (True, None)


def test_a_live_object_that_fails_the_second_time_is_not_verified(verified):
    class Moody(keras.layers.Layer):  # Keras calls the live object eagerly
        calls = 0

        def call(self, x):
            if tf.executing_eagerly():
                self.calls += 1
                if self.calls > 2:
                    raise RuntimeError("enough")
                return x + 1.0
            return x

    layer = Moody()
    check = verified(layer, inputs="x: float32[None, 2]")  # builds the layer by a first call
    assert check.status == "not verified"
    assert check.reason == "the live object fails the second time (RuntimeError: enough)"


def test_the_live_object_computes_in_full_precision(verified):
    enabled = tf.config.experimental.tensor_float_32_execution_enabled
    seen = []

    class Watching(keras.layers.Layer):
        def call(self, x):
            if tf.executing_eagerly():
                seen.append(enabled())
            return x

    before = enabled()
    tf.config.experimental.enable_tensor_float_32_execution(enabled=True)
    try:
        assert verified(Watching(), inputs="x: float32[None, 2]").status == "equal"
        assert seen[-1] is False
        assert enabled()
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(before)


def test_random_numbers_are_compared_by_shape(verified):
    check = verified(served(lambda _, x: x + tf.random.uniform([])))
    assert check.status == "shapes"
    assert check.reason == "it draws random numbers (RandomUniform); dtypes and shapes agree"


def test_random_numbers_of_another_shape_are_a_mismatch(tmp_path):
    module = served(lambda self, x: {"y": x[0] + tf.random.uniform([self.size])}, size=2)
    module.serve(tf.ones([2]))
    module.size = 3
    assert "y: shape (2,) became (3,)" in refused(module, tmp_path).message


def test_random_numbers_and_a_sample_that_does_not_fit_are_not_verified(verified):
    module = served(
        lambda _, x: tf.ensure_shape(x, [None] * 4) + tf.random.uniform([]),
        tf.TensorSpec(None, tf.float32, name="x"),
    )
    check = verified(module)
    assert check.status == "not verified"
    assert "and rejects the sample inputs (InvalidArgument" in check.reason


def available(monkeypatch, size):
    monkeypatch.setattr(psutil, "virtual_memory", lambda: types.SimpleNamespace(available=size))


def test_too_little_memory_for_a_second_copy_is_said(tmp_path, monkeypatch):
    available(monkeypatch, 1000)
    result = sm_magics.export(weights(), tmp_path / "out")
    assert result.verification.level == "structural"
    assert [check.status for check in result.verification.signatures] == ["structure"]
    assert result.verification.reason.startswith("a second copy of ")
    assert result.verification.reason.endswith("does not fit into 1.0 kB of free memory")
    assert tf.saved_model.contains_saved_model(str(result.path))


def test_memory_that_just_suffices_is_used(tmp_path, monkeypatch):
    size = sm_magics.export(weights(), tmp_path / "first").bytes
    available(monkeypatch, 2 * size)
    second = sm_magics.export(weights(), tmp_path / "second")
    assert second.verification.signatures[0].status == "equal"


def test_too_little_memory_for_the_sample_is_said(verified):
    check = verified(
        served(lambda _, x: x[0, 0], tf.TensorSpec([10**7, 10**7], tf.float32, name="x"))
    )
    assert check.status == "not verified"
    assert check.reason.startswith("its sample of 400.0 TB does not fit into ")


@pytest.mark.parametrize(
    ("spec", "body", "reason"),
    [
        (
            tf.TensorSpec([], tf.resource, name="r"),
            lambda _, r: tf.raw_ops.ReadVariableOp(resource=r, dtype=tf.float32),
            "no sample can be made for r: resource[]",
        ),
        (
            tf.TensorSpec([], tf.variant, name="v"),
            lambda _, v: tf.raw_ops.TensorListLength(input_handle=v),
            "no sample can be made for v: variant[]",
        ),
        (
            tf.IndexedSlicesSpec([None, 2], tf.float32),
            lambda _, slices: tf.reduce_sum(slices.values),
            "it takes a IndexedSlices, of which no sample can be made",
        ),
    ],
    ids=["resource", "variant", "slices"],
)
def test_inputs_without_a_sample_are_not_verified(verified, spec, body, reason):
    check = verified(served(body, spec))
    assert (check.status, check.reason) == ("not verified", reason)


def test_each_signature_is_verified_on_its_own(tmp_path):
    module = served(lambda _, x: x)
    module.other = tf.function(
        lambda x: tf.ensure_shape(x, [None] * 4),
        input_signature=[tf.TensorSpec(None, tf.float32)],
    )
    result = sm_magics.export(module, tmp_path / "out", ["a=serve", "b=other"])
    assert [(c.key, c.status) for c in result.verification.signatures] == [
        ("a", "equal"),
        ("b", "not verified"),
    ]


def test_names_that_are_no_identifiers_are_fed(verified):
    specs = [tf.TensorSpec([2], tf.float32, name=name) for name in ("b/x", "a.y")]
    assert verified(served(lambda _, x, y: {"d": x - 2.0 * y}, *specs)).status == "equal"


def test_without_signatures_there_is_nothing_to_verify(tmp_path):
    result = sm_magics.export(
        tf.train.Checkpoint(v=tf.Variable(1.0)), tmp_path / "out", allow_no_signature=True
    )
    assert (result.verification.level, result.verification.reason) == ("none", "nothing is served")
