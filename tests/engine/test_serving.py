"""The proof by TensorFlow's C API: what a model server would say of an export."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras
from tensorflow.core.protobuf import saved_model_pb2

import sm_magics
from sm_magics.savedmodel.verify import fresh_process, serving

VECTOR = tf.TensorSpec([None], tf.float32, name="x")
# Those of which a sample can be made and that tf.identity takes.
FED = [
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "bfloat16", "float32", "float64", "complex64", "complex128"),
    *("float8_e4m3fn", "float8_e5m2", "qint8", "quint8", "qint32", "string"),
]


class Adder(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec(None, tf.float32, name="x")])
    def add(self, x):
        return x + x


class Pinned(tf.Module):
    @tf.function(input_signature=[VECTOR])
    def serve(self, x):
        with tf.device("/GPU:0"):
            return {"doubled": 2.0 * x}


def served(body, spec=VECTOR):
    module = tf.Module()
    module.serve = tf.function(body, input_signature=[spec])
    return module


def verified(obj, directory, *arguments, **keywords):
    """Export, and return the status of each signature."""
    result = sm_magics.export(obj, directory, *arguments, verify="serving", **keywords)
    assert result.verification.level == "serving"
    return {check.key: check.status for check in result.verification.signatures}


def refused(obj, tmp_path, verify, **keywords):
    """Export what must not be published; return the finding of the proof."""
    # What is known before the proof is not what is looked at here.
    with pytest.raises(sm_magics.ExportError) as raised:
        sm_magics.export(
            obj,
            tmp_path / "out",
            verify=verify,
            ignore=["SM3", "SM4"],
            writer="tensorflow",  # which traces again, or is made to harm what it writes
            **keywords,
        )
    assert not list(tmp_path.iterdir()), "something was left"
    (found,) = raised.value.findings
    return found


def answers(directory, key="serving_default", **feeds):
    (answer,) = serving.run(directory, [(key, feeds, False)]).values()
    return answer


def test_any_rank_is_fed(tmp_path):
    assert verified(Adder(), tmp_path / "out") == {"serving_default": "equal"}
    for value in (3.0, [[1.0, -2.0]]):
        answer = answers(tmp_path / "out", x=tf.constant(value))
        np.testing.assert_array_equal(answer["output_0"][0], 2 * np.asarray(value))


@pytest.mark.parametrize("framework", [keras, tf_keras])
def test_keras_models_of_either_kind_run(tmp_path, framework):
    layers = framework.layers
    model = framework.Sequential(
        # Keras 2 writes cuDNN functions for its LSTM, which nothing calls on a CPU.
        [layers.Input((4, 3)), layers.LSTM(3), layers.Dense(2, activation="swish")]
    )
    assert verified(model, tmp_path / "out") == {"serving_default": "equal"}


def test_a_table_of_strings_is_initialised_and_looked_up(tmp_path):
    model = keras.Sequential(
        [keras.Input((1,), dtype="string"), keras.layers.StringLookup(vocabulary=["a", "é" * 40])]
    )
    sample = [["é" * 40], ["a"], ["?"]]
    assert verified(model, tmp_path / "out", sample=sample) == {"serving_default": "equal"}
    (name,) = sm_magics.inspect(tmp_path / "out").signatures[0].inputs
    ((indices,),) = answers(tmp_path / "out", **{name.name: tf.constant(sample)}).values()
    np.testing.assert_array_equal(indices, [[2], [1], [0]])


def test_strings_of_every_length_come_back(tmp_path):
    model = served(lambda x: {"same": x, "none": x[:0]}, tf.TensorSpec([None], tf.string, name="x"))
    verified(model, tmp_path / "out")
    # A TF_TString holds up to 22 bytes in itself; a length above 127 takes two bytes in a proto.
    texts = [b"", b"\0\xff", *(b"x" * n for n in (22, 23, 127, 128, 20_000))]
    answer = answers(tmp_path / "out", x=tf.constant(texts))
    assert answer["same"][0].numpy().tolist() == texts
    assert answer["none"][0].shape == [0]


def test_every_dtype_that_can_be_fed_is(tmp_path):
    module = tf.Module()
    for dtype in FED:
        spec = tf.TensorSpec([None, 3], dtype, name="x")
        setattr(
            module, dtype, tf.function(lambda x: {"same": tf.identity(x)}, input_signature=[spec])
        )
    statuses = verified(module, tmp_path / "out", [f"{dtype}={dtype}" for dtype in FED])
    assert statuses == dict.fromkeys(FED, "equal")


@pytest.mark.parametrize(
    ("dtype", "values"),
    [
        ("int64", [-(2**62), 2**62]),
        ("bool", [True, False]),
        ("float16", [-0.5, 65504.0]),
        ("bfloat16", [-0.5, 3e38]),
    ],
)
def test_values_come_back_as_they_went(tmp_path, dtype, values):
    model = served(lambda x: {"same": x}, tf.TensorSpec([None], dtype, name="x"))
    verified(model, tmp_path / "out")
    tensor = tf.constant(values, dtype)
    (same,) = answers(tmp_path / "out", x=tensor)["same"]
    assert same.dtype == dtype
    np.testing.assert_array_equal(same, tensor)


def test_outputs_of_all_kinds_have_their_names(tmp_path):
    def body(x):
        return {
            "scalar": tf.size(x),
            "text": tf.strings.as_string(x),
            "none": tf.zeros([0, 2], tf.bool),
            "ragged": tf.RaggedTensor.from_row_lengths(x, [0, 2]),
            "sparse": tf.sparse.from_dense([[0.0], [7.0]]),
        }

    assert verified(served(body), tmp_path / "out") == {"serving_default": "equal"}
    answer = answers(tmp_path / "out", x=tf.constant([1.0, 2.0]))
    assert {name: [part.numpy().tolist() for part in parts] for name, parts in answer.items()} == {
        "scalar": [2],
        "text": [[b"1.000000", b"2.000000"]],
        "none": [[]],
        "ragged": [[1.0, 2.0], [0, 0, 2]],
        "sparse": [[[1, 0]], [7.0], [2, 1]],
    }


def test_what_one_signature_writes_the_next_does_not_see(tmp_path):
    module = tf.Module()
    module.count = tf.Variable(1.0)
    module.step = tf.function(
        lambda x: {"count": module.count.assign_add(x[1] + 1.0)},
        input_signature=[VECTOR],
    )
    module.read = tf.function(lambda x: {"sum": module.count + x}, input_signature=[VECTOR])
    keys = ["step=step", "again=step", "read=read"]
    assert verified(module, tmp_path / "out", keys) == {
        "step": "equal",
        "again": "equal",
        "read": "equal",
    }


@pytest.mark.parametrize("spec", [tf.RaggedTensorSpec([None, None]), tf.SparseTensorSpec([2, 2])])
def test_an_input_of_several_tensors_is_fed_in_its_parts(tmp_path, spec):
    module = served(lambda x: x.with_values(x.values * 2.0), spec)
    assert verified(module, tmp_path / "out") == {"serving_default": "equal"}


def test_an_input_without_a_sample_is_loaded_but_not_fed(tmp_path):
    module = served(
        lambda x: tf.raw_ops.TensorListLength(input_handle=x), tf.TensorSpec([], tf.variant)
    )
    assert verified(module, tmp_path / "out") == {"serving_default": "not verified"}


def test_a_pinned_op_is_refused_in_the_words_of_the_server(tmp_path):
    found = refused(Pinned(), tmp_path, "serving")
    assert (found.code, found.severity) == ("SM602", "error")
    assert found.message.startswith(
        "a fresh process can't load it: INVALID_ARGUMENT: Cannot assign a device for operation "
    )
    assert "was explicitly assigned to /device:GPU:0 but available devices are [" in found.message
    assert "with tf.device" in found.hint
    with pytest.raises(sm_magics.ExportError, match="SM602"):
        sm_magics.export(Pinned(), tmp_path / "out", verify="serving", ignore="SM602")


@pytest.mark.parametrize("level", ["run", "process"])
def test_the_same_op_is_placed_elsewhere_by_tensorflow_in_python(tmp_path, level):
    result = sm_magics.export(Pinned(), tmp_path / "out", verify=level)
    assert result.verification.signatures[0].status == "equal"


def test_what_only_this_process_has_is_refused_though_it_is_not_run(tmp_path):
    def body(x):
        return tf.ensure_shape(tf.py_function(lambda t: t, [x], tf.float32), [None])

    found = refused(served(body), tmp_path, "serving")
    assert found.code == "SM602"
    assert "No OpKernel was registered to support Op 'EagerPyFunc'" in found.message


@pytest.mark.parametrize("level", ["process", "serving"])
def test_what_a_fresh_process_can_not_load_is_sm602(tmp_path, monkeypatch, level):
    write = tf.saved_model.save

    def damaging(obj, directory, **keywords):
        write(obj, directory, **keywords)
        path = Path(directory, "saved_model.pb")
        model = saved_model_pb2.SavedModel.FromString(path.read_bytes())
        graph = model.meta_graphs[0].graph_def
        function = graph.library.function.add()
        function.signature.name = "nobody_calls_it"
        for nodes in (graph.node, function.node_def):
            nodes.add(name="strange", op="NoSuchOp")
        path.write_bytes(model.SerializeToString())

    monkeypatch.setattr(tf.saved_model, "save", damaging)
    module = served(lambda x: x * module.weight)
    module.weight = tf.Variable([1.0, 2.0])
    found = refused(module, tmp_path, level)
    assert (found.code, found.function) == ("SM602", None)
    assert found.message.startswith("a fresh process can't load it: ")
    assert "NoSuchOp" in found.message
    assert "--no-verify" in found.hint


@pytest.mark.parametrize(
    ("level", "code", "said"),
    [
        ("run", "SM601", "does not compute what the live object computes: the export fails"),
        ("process", "SM602", "can't run the signature 'serving_default': InvalidArgumentError: "),
        ("serving", "SM602", "can't run the signature 'serving_default': INVALID_ARGUMENT: "),
    ],
)
def test_what_fails_only_when_it_runs_is_told_of_its_signature(tmp_path, level, code, said):
    module = tf.Module()
    module.serve = tf.function(
        lambda x: tf.ensure_shape(x, [module.size]), input_signature=[tf.TensorSpec(None, name="x")]
    )
    module.size = 2
    module.serve(tf.ones([2]))
    module.size = 3
    found = refused(module, tmp_path, level)
    assert (found.code, found.function) == (code, "serving_default")
    assert said in found.message
    assert "expected shape [3]" in found.message


def test_other_numbers_are_still_sm601(tmp_path):
    module = tf.Module()
    module.serve = tf.function(lambda x: {"y": x * module.factor}, input_signature=[VECTOR])
    module.factor = 2.0
    module.serve(tf.ones([2]))
    module.factor = 3.0
    found = refused(module, tmp_path, "serving")
    assert found.code == "SM601"
    assert "y: max abs" in found.message


def test_a_keras_model_saved_by_tensorflow_alone_does_not_run_but_ours_does(tmp_path):
    model = keras.Sequential([keras.Input((4,), name="x"), keras.layers.Dense(3)])
    tf.saved_model.save(model, str(tmp_path / "plain"))
    rows = tf.ones([2, 4])
    answer = answers(tmp_path / "plain", inputs=rows)
    assert isinstance(answer, fresh_process.RemoteError)
    assert "FAILED_PRECONDITION: Could not find variable" in str(answer)
    verified(model, tmp_path / "ours")
    ((output,),) = answers(tmp_path / "ours", x=rows).values()
    np.testing.assert_allclose(output, model(rows), rtol=1e-5)


@pytest.fixture(scope="module")
def adder(tmp_path_factory):
    path = tmp_path_factory.mktemp("exports") / "adder"
    sm_magics.export(Adder(), path, verify=False)
    return path


def test_names_that_are_not_there_are_said(adder):
    assert str(answers(adder, "nosuch")) == "NOT_FOUND: there is no signature nosuch"
    assert str(answers(adder, y=tf.constant(1.0))) == "NOT_FOUND: there is no input y"


def test_tags_of_the_export_s_own_are_asked_for(tmp_path):
    options = {"extra_tags": ["gpu"]}
    assert verified(Adder(), tmp_path / "out", options=options) == {"serving_default": "equal"}


@pytest.mark.parametrize("content", [None, b"", b"no proto"])
def test_what_is_no_saved_model_can_not_be_loaded(tmp_path, content):
    if content is not None:
        (tmp_path / "saved_model.pb").write_bytes(content)
    with pytest.raises(fresh_process.NoAnswersError, match="can't load it: "):
        answers(tmp_path)


@pytest.fixture
def child(monkeypatch, tmp_path):
    """Put another script in the place of the one that runs in the fresh process."""

    def put(source):
        script = tmp_path / "child.py"
        script.write_text(source, encoding="utf-8")
        monkeypatch.setattr(serving, "CHILD", script)

    return put


def test_no_python_but_its_own_is_imported_and_no_gpu_seen(adder, child):
    # The script itself, then what it left behind.
    child(
        serving.CHILD.read_text(encoding="utf-8")
        + """
    import os
    seen = [name for name in sys.modules if name.partition(".")[0] not in sys.stdlib_module_names]
    report = {"seen": seen, "gpus": os.environ["CUDA_VISIBLE_DEVICES"]}
    answer = json.loads((Path(sys.argv[1]) / "answer.json").read_text())
    answer["answers"]["serving_default"] = {"error": json.dumps(report)}
    (Path(sys.argv[1]) / "answer.json").write_text(json.dumps(answer))
"""
    )
    report = json.loads(str(answers(adder, x=tf.constant(1.0))))
    # What site-packages start in every interpreter is none of ours.
    assert not {"tensorflow", "numpy", "google", "sm_magics", "keras"} & {
        name.partition(".")[0] for name in report["seen"]
    }
    assert report["gpus"] == "-1"


def test_a_crash_is_said(adder, child):
    child("import os, sys\nsys.stderr.write('bad')\nsys.stderr.flush()\nos.abort()")
    with pytest.raises(fresh_process.NoAnswersError, match=r"^ended with -6: bad$"):
        answers(adder, x=tf.constant(1.0))


def test_without_the_library_nothing_is_said_of_the_export(tmp_path, monkeypatch):
    monkeypatch.setattr(serving, "_LIBRARIES", ("libnosuch.so",))
    result = sm_magics.export(Adder(), tmp_path / "out", verify="serving")
    assert result.verification.level == "structural"
    assert "has no libnosuch.so" in result.verification.reason


def test_a_library_that_is_another_s_says_nothing_of_the_export(adder, child):
    source = serving.CHILD.read_text(encoding="utf-8")
    child(source.replace('"TF_NewStatus": ', '"TF_NoSuch": ', 1))
    with pytest.raises(fresh_process.NoFreshProcessError, match="can't use TensorFlow's C library"):
        answers(adder, x=tf.constant(1.0))
