"""The tables of ops and kernels, against the TensorFlow that is installed and real nodes."""

from __future__ import annotations

import difflib
import importlib.util
import itertools
import subprocess
import sys
from functools import cache
from pathlib import Path

import keras
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorflow.core.protobuf import saved_model_pb2

from sm_magics.savedmodel import op_tables
from sm_magics.savedmodel.inspection import protos
from sm_magics.savedmodel.op_tables import devices, harmless, releases

ROOT = Path(__file__).parents[2]
WORDS = st.from_regex(r"[A-Za-z_>][A-Za-z0-9_>]{0,12}", fullmatch=True)
DTYPES = ("float32", "int32", "string", "bool")
TAKEN = st.frozensets(st.sampled_from(DTYPES[:3]), min_size=1)
KERNELS = st.fixed_dictionaries({"T": TAKEN}, optional={"Tidx": TAKEN, "out": TAKEN})


@cache
def script(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / f"scripts/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def drift(committed, made, name):
    """Return what a test says of a table that is out of date: its rows as they should be."""
    lines = [text.splitlines(keepends=True) for text in (committed, made)]
    return f"run `python scripts/{name}.py` and commit what it changes:\n" + "".join(
        difflib.unified_diff(*lines, "committed", "as the installed TensorFlow has it", n=0)
    )


def test_the_op_table_is_what_the_script_makes_of_the_installed_tensorflow():
    path = releases.FOLDER / f"ops-{tf.__version__}.txt"
    if not path.exists():
        return  # a release that nobody made a table of yet
    made = releases.dumped(script("make_op_table").op_table())
    committed = path.read_text("utf-8")
    assert committed == made, drift(committed, made, "make_op_table")


def test_the_kernel_table_is_what_the_script_makes_of_the_installed_tensorflow():
    made = script("make_kernel_table").text()
    committed = devices.FILE.read_text("utf-8")
    if committed.partition("\n")[0] != made.partition("\n")[0]:
        return  # another release, or another machine
    assert committed == made, drift(committed, made, "make_kernel_table")


def test_drift_shows_the_rows_as_they_should_be():
    made = releases.dumped(op_tables.newest())
    old = made.replace("VarHandleOp allowed_devices container debug_name ", "VarHandleOp ")
    said = drift(old, made, "make_op_table").splitlines()
    assert "+VarHandleOp allowed_devices container debug_name dtype shape shared_name" in said
    assert "-VarHandleOp dtype shape shared_name" in said
    assert len([line for line in said if line[:1] == "+"]) == 2  # and the name of what was made


def test_main_writes_the_table_and_takes_the_place_of_another_patch_release(tmp_path, monkeypatch):
    monkeypatch.setattr(releases, "FOLDER", tmp_path)
    minor = tf.__version__.rpartition(".")[0]
    for version in (f"{minor}.99", "2.4.4"):
        (tmp_path / f"ops-{version}.txt").write_text(
            releases.dumped(releases.OpTable(version, 1, {})), "utf-8"
        )
    releases.known_versions.cache_clear()
    releases.table.cache_clear()
    try:
        script("make_op_table").main()
        there = {path.name for path in tmp_path.iterdir()}
        assert there == {"ops-2.4.4.txt", f"ops-{tf.__version__}.txt"}
        read = releases.parsed((tmp_path / f"ops-{tf.__version__}.txt").read_text("utf-8"))
        assert read.producer == tf.version.GRAPH_DEF_VERSION
        assert "T" in read.ops["MatMul"]
    finally:
        releases.known_versions.cache_clear()
        releases.table.cache_clear()


def test_what_xla_registers_once_it_compiles_makes_no_difference():
    module = script("make_kernel_table")
    ops, kernels = module.registered()
    more = type(kernels)()
    more.kernel.extend(kernels.kernel)
    compiled = more.kernel.add(op="ArgMax", device_type="XLA_CPU_JIT")
    compiled.constraint.add(name="nosuch").allowed_values.list.type.append(1)
    more.kernel.add(op="XlaHostCompute", device_type="XLA_GPU_JIT")
    assert module.rows(ops, more) == module.rows(ops, kernels)


def test_a_build_without_gpu_kernels_makes_no_table(monkeypatch):
    module = script("make_kernel_table")
    ops, kernels = module.registered()
    for_cpu = type(kernels)()
    for_cpu.kernel.extend(one for one in kernels.kernel if one.device_type == "CPU")
    monkeypatch.setattr(module, "registered", lambda: (ops, for_cpu))
    before = devices.FILE.read_bytes()
    with pytest.raises(SystemExit, match="without GPU kernels"):
        module.main()
    assert devices.FILE.read_bytes() == before


@given(st.dictionaries(WORDS, st.frozensets(WORDS)), st.integers(0, 9999))
def test_an_op_table_is_read_as_it_was_written(ops, producer):
    made = releases.OpTable("2.12.1", producer, ops)
    assert releases.parsed(releases.dumped(made)) == made


@pytest.mark.parametrize("parse", [releases.parsed, devices.parsed])
def test_another_text_is_no_table(parse):
    with pytest.raises(ValueError, match=r"not a.* table.*'Abs T'"):
        parse("Abs T\n")


def test_the_tables_are_small_and_need_no_tensorflow():
    files = [*releases.FOLDER.glob("*.txt")]
    assert len(files) == 5
    assert sum(path.stat().st_size for path in files) < 500_000
    code = """
        import sys
        from sm_magics.savedmodel import op_tables
        assert op_tables.nearest("2.12").ops
        assert op_tables.kernels("CudnnRNNV3", {"T": "float32"}) == {"cpu": "no", "gpu": "yes"}
        assert "tensorflow" not in sys.modules, "TensorFlow was imported"
    """
    code = "\n".join(line.strip() for line in code.splitlines())
    subprocess.run([sys.executable, "-c", code], check=True)


def test_known_versions_are_in_the_order_of_their_release():
    assert op_tables.known_versions() == ("2.4.4", "2.12.1", "2.16.2", "2.21.0")
    assert op_tables.newest().tensorflow == "2.21.0"


@pytest.mark.parametrize("version", op_tables.known_versions())
def test_a_table_is_of_the_release_in_its_name(version):
    assert op_tables.table(version).tensorflow == version
    assert {"a", "b"} & op_tables.table(version).ops["MatMul"] == set()
    assert {"T", "transpose_a"} <= op_tables.table(version).ops["MatMul"]


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("2.4", "2.4.4"),
        ("2.12", "2.12.1"),
        ("2.12.0", "2.12.1"),
        ("2.12.1", "2.12.1"),
        (" 2.16 ", "2.16.2"),
        ("2.16.0rc1", "2.16.2"),
        ("2.21", "2.21.0"),
    ],
)
def test_nearest_takes_minor_and_full_versions(text, version):
    assert op_tables.nearest(text).tensorflow == version


@pytest.mark.parametrize("text", ["2", "2.1", "2.13", "2.40", "", "latest", "2.12.1.7", "12.2.4"])
def test_nearest_says_which_releases_there_are(text):
    with pytest.raises(ValueError, match=r"there are tables of 2\.4, 2\.12, 2\.16, 2\.21$"):
        op_tables.nearest(text)


def test_nearest_takes_no_numbers():
    with pytest.raises(TypeError, match=r"pass '2\.12'"):
        op_tables.nearest(2.12)


def test_what_the_releases_are_known_to_differ_in():
    old, middle, new = (op_tables.nearest(text) for text in ("2.4", "2.12", "2.21"))
    assert old.unknown_attributes("VarHandleOp", ["debug_name", "dtype"]) == {"debug_name"}
    assert middle.unknown_attributes("VarHandleOp", ["debug_name"]) == {"debug_name"}
    assert new.unknown_attributes("VarHandleOp", ["debug_name"]) == set()
    assert [old.refuses_unknown_attributes, middle.refuses_unknown_attributes] == [True, False]
    assert not new.refuses_unknown_attributes
    assert op_tables.oldest_with("DisableCopyOnRead") == "2.12.1"
    assert op_tables.oldest_with("MatMul") == "2.4.4"
    assert op_tables.oldest_with("Custom>MatMul") is None


def test_notes_and_unknown_ops_have_no_unknown_attributes():
    old = op_tables.nearest("2.4")
    assert old.unknown_attributes("MatMul", ["_output_shapes", "_class"]) == set()
    assert old.unknown_attributes("DisableCopyOnRead", ["anything"]) == set()


def test_what_is_harmless_is_about_ops_and_attributes_that_there_are():
    new = op_tables.newest().ops
    for attribute in harmless.HARMLESS:
        ops = [op for op in new if harmless.reason(op, attribute)]
        assert any(attribute in new[op] for op in ops), attribute
    assert set(harmless.REPLACED) <= set(new)


@pytest.mark.parametrize(
    ("op", "attribute"),
    [
        ("GatherNd", "bad_indices_policy"),
        ("TopKV2", "index_type"),
        ("MatMul", "debug_name"),
        ("Const", "metadata"),
        ("NoSuchOp", "nosuch"),
    ],
)
def test_what_changes_an_output_is_not_harmless(op, attribute):
    assert harmless.reason(op, attribute) is None


# Kernels


@cache
def registered():
    found = {}
    for kernel in script("make_kernel_table").registered()[1].kernel:
        found.setdefault(kernel.op, []).append(kernel)
    return found


@cache
def type_attributes(op):
    definitions = {one.name: one for one in script("make_kernel_table").registered()[0].op}
    return [one for one in definitions[op].attr if one.type == "type"]


def matches(kernel, numbers):
    return all(
        numbers[one.name] in one.allowed_values.list.type
        for one in kernel.constraint
        if one.name in numbers
    )


def truth(op, device, numbers):
    """Return what the installed registry answers, kernel by kernel, as its C++ does."""
    kernels = [one for one in registered()[op] if one.device_type in {device, "DEFAULT"}]
    if kernels and all(one.label for one in kernels):
        return "unknown"
    fitting = [one for one in kernels if not one.label and matches(one, numbers)]
    if any({c.name for c in one.constraint} <= numbers.keys() for one in fitting):
        return "yes"
    return "unknown" if fitting else "no"


@settings(deadline=None)  # the first example reads the registry
@given(st.data())
def test_kernels_answers_as_the_registry_of_the_installed_tensorflow(data):
    if not devices.FILE.read_text("utf-8").startswith(f"# TensorFlow {tf.__version__}, "):
        return
    op = data.draw(st.sampled_from(sorted(devices._rows())))
    dtypes = st.sampled_from([1, 2, 3, 4, 6, 7, 8, 9, 10, 14, 18, 19, 20, 21])
    numbers = {attr.name: data.draw(dtypes) for attr in type_attributes(op)}
    named = {name: protos.dtype_name(number) for name, number in numbers.items()}
    expected = {"cpu": truth(op, "CPU", numbers), "gpu": truth(op, "GPU", numbers)}
    assert op_tables.kernels(op, named) == expected


@given(st.lists(KERNELS, max_size=6))
def test_merging_kernels_changes_no_answer(kernels):
    cell = devices.merged(kernels)
    for chosen in itertools.product(DTYPES, repeat=3):
        dtypes = dict(zip(("T", "Tidx", "out"), chosen, strict=True))
        takes = any(all(dtypes[name] in taken for name, taken in one.items()) for one in kernels)
        assert devices._answer(cell, dtypes) == ("yes" if takes else "no")


def test_a_kernel_that_takes_everything_is_all_that_is_said():
    assert devices.merged([{"T": frozenset({"int32"})}, {}]) == devices.ANY
    assert devices.merged([]) == devices.NONE


def test_rows_are_read_as_they_were_written():
    rows = {
        "A": devices.Row({"T": "float32"}, "T=float32,int32 | T=string out=bool", "-"),
        "B": devices.Row({}, "*", "*"),
        "C": devices.Row({}, "?", "policy=?"),
    }
    text = devices.dumped(rows, "2.21.0", "Linux x86_64")
    assert devices.parsed(text) == rows
    assert "\nB\t\t*\t=\n" in text


@pytest.mark.parametrize(
    ("op", "dtypes", "cpu", "gpu"),
    [
        ("CudnnRNNV3", {"T": "float32"}, "no", "yes"),
        ("CudnnRNNV3", {"T": "int32"}, "no", "no"),
        ("StringJoin", {}, "yes", "no"),
        ("MatMul", {"T": "float32"}, "yes", "yes"),
        ("MatMul", {"T": "string"}, "no", "no"),
        ("MatMul", {}, "unknown", "unknown"),
        ("AddV2", {"T": "string"}, "no", "no"),
        ("Add", {"T": "string"}, "yes", "no"),
        ("Relu", {"T": "bfloat16"}, "yes", "yes"),
        ("ArgMax", {"T": "float32"}, "yes", "yes"),  # Tidx and output_type have defaults
        ("ArgMax", {"T": "float32", "output_type": "int16"}, "yes", "no"),
        ("VarHandleOp", {"dtype": "float32"}, "yes", "yes"),
        ("Assert", {"T": ["string", "float32"]}, "yes", "yes"),
        ("GatherNd", {"Tparams": "float32", "Tindices": "int32"}, "unknown", "unknown"),
        ("GatherNd", {"Tparams": "float32", "Tindices": "float32"}, "no", "no"),
        ("Custom>Op", {"T": "float32"}, "unknown", "unknown"),
        ("AccumulateNV2", {"T": "float32"}, "unknown", "unknown"),  # rewritten before it runs
        ("XlaHostCompute", {}, "unknown", "unknown"),
        ("KernelLabelRequired", {}, "unknown", "no"),
    ],
)
def test_kernels(op, dtypes, cpu, gpu):
    assert op_tables.kernels(op, dtypes) == {"cpu": cpu, "gpu": gpu}


def test_a_list_of_dtypes_needs_a_kernel_for_each():
    row = devices.Row({}, "T=float32,int32", "*")
    assert devices._answer(row.cpu, {"T": ["float32", "int32"]}) == "yes"
    assert devices._answer(row.cpu, {"T": ["float32", "string"]}) == "no"


def test_a_kernel_with_a_label_is_unknown():
    assert op_tables.kernels("MatMul", {"T": "string"}, label="eigen")["cpu"] == "unknown"


@pytest.mark.parametrize(
    "op",
    [
        *("PartitionedCall", "StatefulPartitionedCall", "If", "StatelessIf", "While", "Case"),
        *("StatelessWhile", "StatelessCase", "SymbolicGradient", "RemoteCall", "XlaLaunch", "NoOp"),
        *("Switch", "Merge", "Enter", "Exit", "NextIteration", "LoopCond", "ControlTrigger"),
        *("Placeholder", "Const", "Identity", "IdentityN", "StopGradient", "_Arg", "_Retval"),
    ],
)
def test_what_only_moves_tensors_is_never_without_a_kernel(op):
    for dtype in ("float32", "int32", "bool"):
        assert "no" not in op_tables.kernels(op, {"T": dtype, "dtype": dtype}).values()


def test_ops_of_one_device():
    assert len(op_tables.gpu_only()) == 40
    assert {"CudnnRNNV3", "NcclAllReduce", "CTCLossV2"} <= op_tables.gpu_only()
    assert {"StringJoin", "LookupTableFindV2", "PyFunc"} <= op_tables.host_only()
    assert not {"MatMul", "PartitionedCall"} & (op_tables.gpu_only() | op_tables.host_only())


@pytest.mark.parametrize(
    ("op", "arguments"),
    [
        ("FFTND", {"input": [[1j]], "fft_length": [1, 1], "axes": [0, 1]}),
        ("SparseMatrixZeros", {"dense_shape": [3, 3], "type": tf.float32}),
    ],
)
def test_a_gpu_only_op_fails_on_a_cpu(op, arguments):
    assert op in op_tables.gpu_only()
    with (
        tf.device("/CPU:0"),
        pytest.raises((tf.errors.NotFoundError, tf.errors.InvalidArgumentError)),
    ):
        getattr(tf.raw_ops, op)(**arguments)


class Ordinary(tf.Module):
    def __init__(self):
        super().__init__()
        self.table = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(["a", "b"], [0, 1]), -1
        )
        self.layers = keras.Sequential(
            [
                keras.Input((8, 8, 3)),
                keras.layers.Conv2D(4, 3, activation="relu"),
                keras.layers.BatchNormalization(),
                keras.layers.Reshape((36, 4)),
                keras.layers.LSTM(5),
                keras.layers.Dense(2, activation="softmax"),
            ]
        )
        self.kept = self.layers.variables

    @tf.function(input_signature=[tf.TensorSpec([None]), tf.TensorSpec([None], tf.string)])
    def serve(self, x, words):
        ids = self.table.lookup(tf.strings.lower(words))
        total = tf.constant(0.0)
        for i in tf.range(tf.size(x)):
            total += x[i] if x[i] > 0 else tf.cast(ids[0], tf.float32)
        best = tf.math.top_k(tf.argsort(x), k=1).values
        return self.layers(tf.reshape(tf.tile(x, [192]), [-1, 8, 8, 3])), total, best


def test_no_node_of_a_model_that_runs_on_a_cpu_is_without_a_kernel_there(tmp_path):
    module = Ordinary()
    tf.saved_model.save(module, str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path))
    outputs = loaded.serve(tf.ones([2]), tf.constant(["A", "b"]))
    assert outputs[0].shape == (2, 2)

    answers = {}
    for node in nodes(tmp_path):
        dtypes = {
            name: protos.dtype_name(value.type)
            if value.type
            else [protos.dtype_name(one) for one in value.list.type]
            for name, value in node.attr.items()
            if value.type or value.list.type
        }
        answers.setdefault(op_tables.kernels(node.op, dtypes)["cpu"], set()).add(node.op)
    assert "no" not in answers
    assert {"Conv2D", "While", "LookupTableFindV2", "TopKV2"} <= answers["yes"]


def nodes(folder):
    data = (folder / "saved_model.pb").read_bytes()
    graph = saved_model_pb2.SavedModel.FromString(data).meta_graphs[0].graph_def
    return [*graph.node, *(node for one in graph.library.function for node in one.node_def)]
