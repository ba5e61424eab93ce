"""SM301 to SM312: the severity for each target, near misses, and what must stay silent."""

from __future__ import annotations

import os
import subprocess
import sys
from unittest.mock import patch

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

import sm_magics
from sm_magics.savedmodel import spans
from sm_magics.savedmodel.checks import reachable
from sm_magics.savedmodel.diagnostics import CATALOGUE, TARGETS
from sm_magics.savedmodel.graphs import written
from sm_magics.savedmodel.inspection import metagraph

VECTOR = tf.TensorSpec([None], name="x")
IMAGES = tf.TensorSpec([2, 4, 4, 3], name="x")
CHANNELS_FIRST = tf.TensorSpec([2, 3, 4, 4], name="x")
TEXT = tf.TensorSpec([None], tf.string, name="x")
HALF = tf.TensorSpec([2, 4, 4, 3], tf.float16, name="x")


def serving(body, spec=VECTOR, **keywords):
    module = tf.Module()
    module.serve = tf.function(body, input_signature=[spec], **keywords)
    return module


def pinned(device, op=tf.sin):
    def body(x):
        with tf.device(device):
            return op(x)

    return body


def cudnn(x):
    state = tf.zeros([1, 4, 2])
    return tf.raw_ops.CudnnRNNV3(
        input=tf.reshape(x, [4, 4, 6])[:, :, :2],
        input_h=state,
        input_c=state,
        params=tf.zeros([64]),
        sequence_lengths=tf.fill([4], 4),
        rnn_mode="lstm",
    ).output


def channels_first(x):
    return tf.nn.conv2d(x, tf.ones([1, 1, 3, 1]), 1, "SAME", data_format="NCHW")


def biased(x):
    return tf.nn.bias_add(x, tf.ones([3]), data_format="NCHW")


def reduced(x):
    return tf.raw_ops.CollectiveReduceV2(
        input=x,
        group_size=2,
        group_key=1,
        instance_key=1,
        ordering_token=[],
        merge_op="Add",
        final_op="Id",
    )


def compiled_call(x):
    return tf.function(tf.sin, jit_compile=True)(x)


def asserted(x):
    tf.debugging.assert_positive(x, "a text")
    return tf.sin(x)


def looked_up(module):
    keys = tf.lookup.KeyValueTensorInitializer(tf.range(3, dtype=tf.int64), tf.range(3))
    module.table = tf.lookup.StaticHashTable(keys, -1)
    module.serve = tf.function(
        module.table.lookup, input_signature=[tf.TensorSpec([None], tf.int64, name="x")]
    )
    return module


# What is served -> the severity for a CPU, a GPU, a TPU, and any, where it is a finding.
POSITIVE = {
    "SM301": (serving(pinned("/GPU:0")), "warning info warning warning"),
    "SM301 of any GPU": (serving(pinned("/device:GPU:*")), "warning info warning warning"),
    "SM302": (serving(pinned("/CPU:0")), "info warning warning warning"),
    "SM303": (serving(pinned("/GPU:1")), "warning warning warning warning"),
    "SM303 of a CPU": (serving(pinned("/CPU:1")), "warning warning warning warning"),
    "SM304": (serving(pinned("/job:worker/task:1")), "error error error error"),
    "SM304 of a replica": (serving(pinned("/replica:1/GPU:0")), "error error error error"),
    "SM305": (serving(pinned("/TPU:0")), "error error - error"),
    "SM305 of an op": (
        serving(lambda x: tf.raw_ops.TPUReplicatedInput(inputs=[x])),
        "error error - error",
    ),
    "SM306": (serving(cudnn, tf.TensorSpec([96], name="x")), "error info error error"),
    "SM307": (serving(channels_first, CHANNELS_FIRST), "warning - warning warning"),
    "SM307 of an op that a CPU runs": (serving(biased, CHANNELS_FIRST), "info - info info"),
    "SM308": (serving(lambda x: tf.image.adjust_contrast(x, 2.0), HALF), "error - - error"),
    "SM309": (serving(compiled_call), "warning warning info warning"),
    "SM309 of what is served": (serving(tf.sin, jit_compile=True), "warning warning info warning"),
    "SM310": (serving(reduced), "error warning warning error"),
    "SM312": (serving(tf.strings.length, TEXT), "- info error info"),
    "SM312 of a table": (looked_up(tf.Module()), "- info error info"),
}

# A near miss -> what it is, for each target, besides what it is not.
SILENT = {
    "no device": serving(tf.sin),
    "a device of nobody's": serving(pinned("/job:localhost/replica:0/task:0")),
    "no device inside of one": serving(pinned("/GPU:0", pinned(None))),
    "a device of a constant": serving(lambda x: x * pinned("/CPU:0", tf.constant)(2.0)),
    "channels last": serving(lambda x: tf.nn.conv2d(x, tf.ones([1, 1, 3, 1]), 1, "SAME"), IMAGES),
    "a dtype with a kernel": serving(lambda x: tf.image.adjust_contrast(x, 2.0), IMAGES),
    "what XLA may compile": serving(tf.sin, jit_compile=False),
    "a message": serving(asserted),
    "random numbers": serving(lambda x: x + tf.random.normal(tf.shape(x))),
    "a dataset": serving(lambda x: tf.data.Dataset.from_tensors(x).map(tf.sin).reduce(x, tf.add)),
}


def told(obj, target, **keywords):
    found = sm_magics.check(obj, target=target, **keywords)
    return {f"{one.code} {one.severity}" for one in found}


def expected(case, target):
    severity = POSITIVE[case][1].split()[TARGETS.index(target)]
    return set() if severity == "-" else {f"{case[:5]} {severity}"}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("case", POSITIVE)
def test_a_finding_has_the_severity_of_its_target_and_is_the_only_one(case, target):
    assert told(POSITIVE[case][0], target) == expected(case, target)


@pytest.mark.parametrize("case", POSITIVE)
def test_what_was_written_has_the_same_findings(case, tmp_path):
    path = sm_magics.export(POSITIVE[case][0], tmp_path / "out", verify=False, ignore="SM3").path
    for target in TARGETS:
        found = reachable.examine(path, target)
        assert {f"{one.code} {one.severity}" for one in found} == expected(case, target)


def test_the_table_of_this_file_is_that_of_the_catalogue():
    for code in (code for code in CATALOGUE if code[:3] == "SM3" and code in POSITIVE):
        if code != "SM308":  # there are two of it
            severities = [CATALOGUE[code].at(target) or "-" for target in TARGETS]
            assert POSITIVE[code][1].split() == severities


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("case", SILENT)
def test_a_near_miss_is_silent(case, target):
    assert told(SILENT[case], target) == set()


@pytest.mark.parametrize(
    ("device", "target", "codes"),
    [
        ("/GPU:0", "cpu", {"SM301 warning"}),
        ("/GPU:0", "gpu", {"SM301 info", "SM308 error"}),
        ("/CPU:0", "gpu", {"SM302 warning"}),
        (None, "gpu", set()),
    ],
)
def test_a_gpu_needs_the_kernel_of_what_is_pinned_to_it_only(device, target, codes):
    def add(x):
        return tf.nn.bias_add(x, tf.ones([3], tf.int8))

    spec = tf.TensorSpec([None, 3], tf.int8, name="x")
    assert told(serving(pinned(device, add), spec), target) == codes


def test_a_process_decides_before_a_device():
    assert told(serving(pinned("/job:worker/task:1/GPU:1")), "any") == {"SM304 error"}
    here = pinned("/job:localhost/replica:0/task:0/GPU:0")
    assert told(serving(here), "any") == {"SM301 warning"}


def test_a_pinned_call_of_a_compiled_function_is_both():
    found = told(serving(pinned("/GPU:0", compiled_call)), "any")
    assert found == {"SM301 warning", "SM309 warning"}


class Scaled(tf.Module):
    def __init__(self):
        super().__init__()
        self.scale = tf.Variable(2.0)

    @tf.function(input_signature=[VECTOR])
    def serve(self, x):
        return x * self.scale


@pytest.mark.parametrize("target", TARGETS)
def test_sm311_a_gpu_that_is_saved_with_a_variable(target):
    policy = {"experimental_variable_policy": "save_variable_devices"}
    module = Scaled()
    assert told(module, target, options=policy) == set(), "on a CPU"
    with patch.object(type(module.scale), "device", "/job:localhost/device:GPU:0"):
        assert told(module, target) == set(), "without the policy"
        (found,) = sm_magics.check(module, target=target, options=policy)
    assert (found.code, found.severity) == ("SM311", CATALOGUE["SM311"].at(target))
    assert found.file == __file__
    assert "`scale`" in found.message


def test_the_saver_is_pinned_to_the_cpu_and_no_finding(tmp_path):
    path = sm_magics.export(Scaled(), tmp_path / "out").path
    assert any("CPU" in node.device for node in written.everything(metagraph(path)))
    assert [reachable.examine(path, target) for target in TARGETS] == [[]] * 4


def test_the_device_of_a_python_function_is_tensorflows():
    module = serving(lambda x: tf.py_function(lambda v: v * 2, [x], tf.float32))
    ops = module.serve.get_concrete_function().graph.get_operations()
    assert any(op.type == "EagerPyFunc" and "job:localhost" in op.device for op in ops)
    assert told(module, "cpu", ignore="SM4") == set()


def test_a_colocation_is_no_device():
    def body(x):
        y = tf.sin(x)
        with tf.compat.v1.colocate_with(y):
            return tf.cos(y)

    module = serving(body)
    ops = module.serve.get_concrete_function().graph.get_operations()
    assert any(
        b"loc:@" in name for op in ops for name in op.colocation_groups() if op.type == "Cos"
    )
    assert [told(module, target) for target in TARGETS] == [set()] * 4


RECURRENT = {
    "LSTM": lambda k: k.layers.LSTM(2),
    "GRU": lambda k: k.layers.GRU(2),
    "sequences": lambda k: k.layers.LSTM(2, return_sequences=True),
    "Bidirectional": lambda k: k.layers.Bidirectional(k.layers.LSTM(2)),
}


@pytest.mark.parametrize("layer", RECURRENT)
@pytest.mark.parametrize("k", [keras, tf_keras], ids=["keras3", "tf_keras"])
def test_recurrent_layers_traced_without_a_gpu_are_silent(k, layer):
    model = k.Sequential([k.Input((4, 3)), RECURRENT[layer](k)])
    assert [told(model, target) for target in TARGETS] == [set()] * 4


@pytest.mark.parametrize("name", ["MobileNetV2", "EfficientNetB0", "ResNet50"])
def test_applications_are_silent(name):
    build = getattr(keras.applications, name)
    model = build(weights=None, input_shape=(32, 32, 3), classes=3)
    assert sm_magics.check(model, target="cpu") == []
    assert sm_magics.check(model) == []


LAYERS = {
    "TextVectorization": (lambda k: k.layers.TextVectorization(vocabulary=["a", "b"]), "string"),
    "StringLookup": (lambda k: k.layers.StringLookup(vocabulary=["a", "b"]), "string"),
    "IntegerLookup": (lambda k: k.layers.IntegerLookup(vocabulary=[1, 2]), "int64"),
    "Hashing": (lambda k: k.layers.Hashing(num_bins=3), "string"),
    "CategoryEncoding": (lambda k: k.layers.CategoryEncoding(num_tokens=3), "int64"),
    "Discretization": (lambda k: k.layers.Discretization([0.0, 1.0]), "float32"),
    "Normalization": (lambda k: k.layers.Normalization(mean=1.0, variance=2.0), "float32"),
    "Rescaling": (lambda k: k.layers.Rescaling(0.5), "float32"),
}


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("k", [keras, tf_keras], ids=["keras3", "tf_keras"])
def test_preprocessing_is_silent_on_a_cpu(k, layer):
    build, dtype = LAYERS[layer]
    inputs = k.Input((1,), dtype=dtype)
    model = k.Model(inputs, build(k)(inputs))
    assert sm_magics.check(model, target="cpu") == []
    assert told(model, "any") <= {"SM312 info"}


def test_what_an_adapted_layer_made_is_silent():
    layer = tf_keras.layers.Normalization()
    layer.adapt(np.ones([3, 2], "float32"))
    inputs = tf_keras.Input((2,))
    model = tf_keras.Model(inputs, layer(inputs))
    assert [told(model, target) for target in TARGETS] == [set()] * 4


def test_the_line_that_asks_for_a_check_made_nothing():
    inputs = keras.Input((1,), dtype="string")
    model = keras.Model(inputs, keras.layers.StringLookup(vocabulary=["a"])(inputs))
    found = sm_magics.check(model)
    assert {(one.code, one.file, one.line) for one in found} == {("SM312", None, None)}


def test_an_authors_own_pin_of_a_librarys_layer_is_a_finding():
    lookup = keras.layers.StringLookup(vocabulary=["a"])

    def body(x):
        with tf.device("/CPU:0"):
            return tf.sin(tf.cast(lookup(x), tf.float32))

    module = serving(body, TEXT)
    module.table = lookup.lookup_table
    found = [one for one in sm_magics.check(module, target="gpu") if one.code == "SM302"]
    assert [one.source.strip() for one in found] == ['with tf.device("/CPU:0"):']


STRATEGY = """
import tensorflow as tf
import sm_magics
from sm_magics.savedmodel import spans
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
VECTOR = tf.TensorSpec([None], tf.float32)

class Scale(tf.Module):
    def __init__(self):
        super().__init__()
        self.factor = tf.Variable(3.0)

    @tf.function(input_signature=[VECTOR])
    def serve(self, x):
        return {"y": x * self.factor}

class Replicated(Scale):
    @tf.function(input_signature=[VECTOR])
    def serve(self, x):
        total = strategy.run(lambda v: tf.sin(v) * self.factor, (x,))
        return {"y": strategy.reduce("SUM", total, axis=None)}

with strategy.scope():
    scoped, replicated = Scale(), Replicated()
    inside = sm_magics.check(scoped, target="cpu")
print("SCOPED", len(inside) + len(sm_magics.check(scoped)))
for found in sm_magics.check(replicated, target="cpu"):
    print("RUN", found.code, found.severity)
"""


def test_a_strategy_pins_only_what_its_replicas_run(tmp_path):
    script = tmp_path / "strategy.py"
    script.write_text(STRATEGY)
    ran = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "2"},
    )
    assert ran.returncode == 0, ran.stderr
    lines = [line for line in ran.stdout.splitlines() if line[:4] in ("SCOP", "RUN ")]
    assert lines[0] == "SCOPED 0"
    assert set(lines[1:]) == {"RUN SM303 warning"}


def test_sm308_tells_the_dtype_and_the_device():
    (found,) = sm_magics.check(POSITIVE["SM308"][0], target="cpu")
    assert "`AdjustContrastv2`" in found.message
    assert "float16" in found.message
    assert "on a CPU" in found.message
    with pytest.raises(tf.errors.OpError):
        POSITIVE["SM308"][0].serve(np.ones([2, 4, 4, 3], np.float16))


def on_a_gpu(x):
    with tf.device("/GPU:0"):
        return tf.nn.relu(x)


def test_counts_are_the_same_after_an_export(tmp_path):
    module = tf.Module()
    module.serve = tf.function(on_a_gpu, input_signature=[VECTOR])
    before = [(one.code, one.count) for one in sm_magics.check(module, target="cpu")]
    sm_magics.export(module, tmp_path / "out")
    after = [(one.code, one.count) for one in sm_magics.check(module, target="cpu")]
    assert before == after == [("SM301", 1)]


def test_what_xla_compiles_has_no_kernels_and_no_devices(tmp_path):
    @tf.function(jit_compile=True)
    def compiled(x):
        with tf.device("/GPU:0"):
            return tf.image.adjust_contrast(x, 2.0)

    module = tf.Module()
    spec = tf.TensorSpec([None, 4, 4, 3], tf.float16, name="x")
    module.serve = tf.function(lambda x: compiled(x) * 1.0, input_signature=[spec])
    assert {one.code for one in sm_magics.check(module, target="cpu")} == {"SM309"}
    result = sm_magics.export(module, tmp_path / "out", target="cpu")
    assert result.verification.signatures[0].status == "equal"


@pytest.mark.parametrize("op", [tf.linalg.cholesky, tf.math.erfinv])
def test_sm308_where_neither_device_has_a_kernel(op):
    module = tf.Module()
    spec = tf.TensorSpec([3, 3], tf.float16, name="x")
    module.serve = tf.function(lambda x: op(x), input_signature=[spec])  # noqa: PLW0108, traced
    (one,) = sm_magics.check(module, target="cpu", ignore=["SM206", "SM113"])
    assert (one.code, one.severity) == ("SM308", "error")
    floats = tf.Module()
    spec = tf.TensorSpec([3, 3], tf.float32, name="x")
    floats.serve = tf.function(lambda x: op(x), input_signature=[spec])  # noqa: PLW0108, traced
    assert sm_magics.check(floats, target="cpu") == []


def test_a_long_name_that_the_author_wrote_is_told_of():
    module = tf.Module()

    def body(x):
        with tf.device("/job:localhost/replica:0/task:0/device:CPU:0"):
            return tf.nn.relu(x)

    module.serve = tf.function(body, input_signature=[VECTOR])
    (one,) = sm_magics.check(module, target="gpu")
    assert (one.code, one.severity) == ("SM302", "warning")


def test_many_pinned_ops_are_looked_at_in_a_moment():
    # Not a time, but the work: each file is parsed once, whatever the number of ops.
    def body(x):
        with tf.device("/GPU:0"):
            for _ in range(300):
                x = x + 1.0
        return x

    module = tf.Module()
    module.serve = tf.function(body, input_signature=[VECTOR], autograph=False)
    module.serve.get_concrete_function()
    parsed = []
    parse = spans.ast.parse
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spans.ast, "parse", lambda *a, **k: parsed.append(1) or parse(*a, **k))
        (one,) = sm_magics.check(module, target="cpu")
    assert one.count == 600
    assert len(parsed) < 20


def test_random_layers_of_keras_2_track_their_generators(tmp_path):
    model = tf_keras.Sequential(
        [tf_keras.Input((16, 16, 3)), tf_keras.layers.RandomCrop(8, 8), tf_keras.layers.Flatten()]
    )
    result = sm_magics.export(model, tmp_path / "out")
    assert result.findings == ()
    assert result.verification.signatures[0].status == "equal"
