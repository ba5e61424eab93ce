"""SM401 to SM405 and the fix for an older consumer: what each says, and what it leaves alone."""

from __future__ import annotations

import copy

import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from tensorflow.core.protobuf import saved_model_pb2

from sm_magics.savedmodel import downgrade, op_tables
from sm_magics.savedmodel.checks import file_ops, portability
from sm_magics.savedmodel.checks.op_packages import package
from sm_magics.savedmodel.checks.op_uses import OpUse
from sm_magics.savedmodel.diagnostics import CATALOGUE, Severity
from sm_magics.savedmodel.inspection import protos
from sm_magics.savedmodel.op_tables import harmless

OLD, MIDDLE, NEW = (op_tables.nearest(version) for version in ("2.4", "2.12", "2.21"))
VECTOR = tf.TensorSpec([None], tf.float32, name="x")


def use(op, *attrs, **fields):
    return OpUse(op=op, attrs=frozenset(attrs), **fields)


def only(findings):
    (one,) = findings
    return one


class Scaled(tf.Module):
    def __init__(self):
        super().__init__()
        self.scale = tf.Variable(2.0)

    @tf.function(input_signature=[VECTOR])
    def serve(self, x):
        return x * self.scale


class Python(tf.Module):
    @tf.function(input_signature=[VECTOR])
    def serve(self, x):
        numpy = tf.numpy_function(lambda v: v + 1, [x], tf.float32)
        return tf.py_function(lambda v: v * 2, [numpy], tf.float32)


class Files(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([], tf.string)])
    def serve(self, path):
        tf.io.write_file(path, "text")
        tf.print("wrote", path)
        tf.print("wrote", path, output_stream="file:///tmp/log")
        return tf.io.read_file(path), tf.io.matching_files(path)


def written(obj, folder):
    tf.saved_model.save(obj, str(folder), signatures=obj.serve)
    return saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())


def nodes(saved_model, *, saver=True):
    graph = saved_model.meta_graphs[0].graph_def
    yield from graph.node
    for function in graph.library.function:
        if saver or "traced" not in function.signature.name:
            yield from function.node_def


def uses(saved_model, *, saver=True):
    """Return what a walk would give: here, plainly all nodes."""
    library = saved_model.meta_graphs[0].graph_def.library.function
    functions = {one.signature.name for one in library}
    for node in nodes(saved_model, saver=saver):
        texts = {
            name: value.s.decode(errors="replace") for name, value in node.attr.items() if value.s
        }
        if node.op not in functions:
            yield OpUse(op=node.op, attrs=frozenset(node.attr), values=texts)


def codes(findings):
    return [(one.code, one.message.split("`")[1], one.severity, one.count) for one in findings]


# What an ordinary export gets


def test_an_ordinary_export_is_silent(tmp_path):
    saved_model = written(Scaled(), tmp_path)
    reachable = list(uses(saved_model, saver=False))
    every = list(uses(saved_model))
    assert len(every) > len(reachable) > 5
    assert portability.check(reachable, every) == []
    assert portability.check(reachable, every, NEW) == []


def test_an_ordinary_export_for_older_consumers(tmp_path):
    every = list(uses(written(Scaled(), tmp_path)))
    assert ("SM404", "VarHandleOp", Severity.INFO, 1) in codes(
        portability.unknown_attributes(every, MIDDLE)
    )
    assert list(portability.unknown_ops(every, MIDDLE)) == []
    errors = [("SM403", "DisableCopyOnRead", "error"), ("SM404", "VarHandleOp", "error")]
    found = [one[:3] for one in codes(portability.check([], every, OLD))]
    assert found == errors
    assert portability.oldest_consumer(every) == "2.12.1"


# SM401


def test_sm401_python_functions(tmp_path):
    found = list(portability.python_ops(uses(written(Python(), tmp_path))))
    assert {one[:3] for one in codes(found)} == {
        ("SM401", "PyFunc", Severity.ERROR),
        ("SM401", "EagerPyFunc", Severity.ERROR),
    }
    messages = {one.message.split("`")[1]: one.message for one in found}
    assert "(tf.numpy_function)" in messages["PyFunc"]
    assert "(tf.py_function)" in messages["EagerPyFunc"]


def test_sm401_near_miss():
    assert list(portability.python_ops([use("PyFunction"), use("MapDefun"), use("Identity")])) == []


def test_a_finding_covers_all_nodes_of_an_op_and_tells_the_first_place():
    one = only(
        portability.python_ops(
            [
                use("PyFunc", function="serve"),
                use("Identity", function="other"),
                use("PyFunc", function="twice", where={"line": 7, "file": "cell"}),
                use("PyFunc", function="third", where={"line": 9, "file": "cell"}),
            ]
        )
    )
    assert (one.count, one.function, one.line, one.file) == (3, "twice", 7, "cell")
    without = only(portability.python_ops([use("PyFunc", function="serve")]))
    assert (without.count, without.function, without.line) == (1, "serve", None)


# SM402


@pytest.mark.parametrize(
    ("op", "name"),
    [
        ("TFText>FastSentencepieceTokenize", "tensorflow-text"),
        ("SentencepieceTokenizeOp", "tensorflow-text"),
        ("RegexSplitWithOffsets", "tensorflow-text"),
        ("Addons>EmbeddingBag", "tensorflow-addons"),
        ("IO>ParseAvro", "tensorflow-io"),
        ("SimpleMLInferenceOpWithHandle", "tensorflow-decision-forests"),
        ("TFRA>CuckooHashTableFind", "tensorflow-recommenders-addons"),
        ("TfqSimulateState", "tensorflow-quantum"),
        ("HorovodAllreduce", "horovod"),
    ],
)
def test_sm402_names_the_package(op, name):
    one = only(portability.custom_ops([use(op)]))
    assert (one.code, one.severity) == ("SM402", Severity.WARNING)
    assert f"`{op}` is no op of TensorFlow itself" in one.message
    assert one.hint.startswith(f"install {name} ")


@pytest.mark.parametrize("op", ["Custom>Zero", "ZeroOut", "Namespace>TestStringOutput"])
def test_sm402_of_an_unknown_library(op):
    one = only(portability.custom_ops([use(op), use(op)]))
    assert (one.count, package(op)) == (2, None)
    assert "tf.load_op_library" in one.hint


def test_sm402_is_silent_for_what_any_release_has():
    assert list(portability.custom_ops(map(use, ("MatMul", "DisableCopyOnRead", "NoOp")))) == []
    assert "CompareAndBitpack" not in NEW.ops
    assert list(portability.custom_ops([use("CompareAndBitpack")])) == []


def test_no_op_of_tensorflow_seems_to_be_of_another_package():
    own = {op for version in op_tables.known_versions() for op in op_tables.table(version).ops}
    assert {op for op in own if package(op)} == set()


# SM403


def test_sm403_an_op_that_the_consumer_lacks():
    found = [use("XlaCallModule"), use("XlaCallModule"), use("MatMul")]
    one = only(portability.unknown_ops(found, OLD))
    assert (one.code, one.severity, one.count) == ("SM403", Severity.ERROR, 2)
    assert one.message == "TensorFlow 2.4.4 has no op `XlaCallModule`: it refuses the whole export"
    assert one.hint.startswith("serve it with TensorFlow 2.12.1")
    assert list(portability.unknown_ops(found, MIDDLE)) == []


def test_sm403_offers_the_fix_that_there_is():
    one = only(portability.unknown_ops([use("DisableCopyOnRead")], OLD))
    assert one.hint.startswith("`--fix consumer` puts a NoOp in its place")


def test_sm403_leaves_the_ops_of_libraries_to_sm402():
    assert list(portability.unknown_ops([use("Custom>Zero"), use("ZeroOut")], OLD)) == []


# SM404


def test_sm404_is_an_error_where_attributes_are_refused():
    one = only(portability.unknown_attributes([use("VarHandleOp", "dtype", "debug_name")], OLD))
    assert (one.code, one.severity) == ("SM404", Severity.ERROR)
    assert "knows `VarHandleOp`, but not its `debug_name`" in one.message
    assert one.hint.startswith("`--fix consumer` drops it: a name ")


def test_sm404_is_an_info_where_they_are_ignored_and_harmless():
    one = only(portability.unknown_attributes([use("VarHandleOp", "debug_name")], MIDDLE))
    assert one.severity is Severity.INFO
    assert one.message.endswith("it ignores that, and the export does the same there")


def test_sm404_is_a_warning_where_what_is_ignored_matters():
    one = only(portability.unknown_attributes([use("GatherNd", "bad_indices_policy")], MIDDLE))
    assert one.severity is Severity.WARNING
    assert one.message.endswith("it ignores that, and does something else there")
    assert one.hint.startswith("serve it with TensorFlow 2.21.0, or do without `bad_indices_")


def test_sm404_counts_the_nodes_that_set_it():
    found = [use("VarHandleOp", "debug_name"), use("VarHandleOp", "dtype")]
    assert only(portability.unknown_attributes(found, OLD)).count == 1


@pytest.mark.parametrize(
    "one", [use("VarHandleOp", "dtype", "_class"), use("ZeroOut", "debug_name")]
)
def test_sm404_near_misses(one):
    assert list(portability.unknown_attributes([one], OLD)) == []


# SM405


def test_sm405_files_of_a_real_export(tmp_path):
    every = uses(written(Files(), tmp_path), saver=False)
    found = [one[1:3] for one in codes(file_ops.check(every))]
    assert sorted(found) == [
        ("MatchingFiles", Severity.WARNING),
        ("PrintV2", Severity.INFO),
        ("PrintV2", Severity.WARNING),
        ("ReadFile", Severity.WARNING),
        ("WriteFile", Severity.WARNING),
    ]


@pytest.mark.parametrize(
    "op",
    [
        *("WriteFile", "ReadFile", "PrintV2"),  # `saved_model_cli scan`
        *("MatchingFiles", "WholeFileReader", "PyFunc", "EagerPyFunc"),  # modelscan's newest list
        *("PyFuncStateless", "SaveV2", "MergeV2Checkpoints", "ImmutableConst"),
    ],
)
def test_sm405_is_what_a_scan_stops(op):
    assert only(file_ops.check([use(op)])).code == "SM405"


def test_sm405_knows_what_the_installed_saved_model_cli_stops():
    from tensorflow.python.tools import saved_model_cli

    for op in saved_model_cli._OP_DENYLIST:
        assert only(file_ops.check([use(op)])).code == "SM405"


def test_sm405_every_op_of_the_list_is_one_of_tensorflow():
    assert {op for op in file_ops.OPS if op_tables.oldest_with(op) is None} == set()


@pytest.mark.parametrize(
    "op", ["InitializeTableFromTextFileV2", "LookupTableFindV2", "DecodeJpeg", "TensorDataset"]
)
def test_sm405_near_misses(op):
    assert list(file_ops.check([use(op)])) == []


@pytest.mark.parametrize(
    ("source", "stops"), [(None, 0), ("local://", 0), ("bytes://abc", 0), ("/etc/passwd", 1)]
)
def test_sm405_a_description_of_protos_may_be_a_file(source, stops):
    values = {} if source is None else {"descriptor_source": source}
    assert len(list(file_ops.check([use("DecodeProtoV2", values=values)]))) == stops


def test_python_ops_are_both_findings():
    assert [one.code for one in portability.check([use("EagerPyFunc")])] == ["SM401", "SM405"]


def test_all_codes_of_the_family_are_in_the_catalogue():
    family = {code: str(rule.severity) for code, rule in CATALOGUE.items() if code[:3] == "SM4"}
    assert family == {
        **dict.fromkeys(("SM401", "SM403", "SM404"), "error"),
        **dict.fromkeys(("SM402", "SM405"), "warning"),
    }


# The oldest consumer


@pytest.mark.parametrize(
    ("found", "oldest"),
    [
        ([], "2.4.4"),
        ([use("MatMul", "T")], "2.4.4"),
        ([use("MatMul", "T", "_class")], "2.4.4"),
        ([use("VarHandleOp", "debug_name")], "2.12.1"),
        ([use("MatMul"), use("DisableCopyOnRead")], "2.12.1"),
        ([use("GatherNd", "bad_indices_policy")], "2.21.0"),
        ([use("CompareAndBitpack")], "2.4.4"),
        ([use("Custom>Zero")], None),
        ([use("CompareAndBitpack"), use("DisableCopyOnRead")], None),
    ],
)
def test_oldest_consumer(found, oldest):
    assert portability.oldest_consumer(found) == oldest


@given(st.data())
def test_the_oldest_consumer_gets_no_error_and_no_older_one_loads_it(data):
    ops = st.sampled_from(sorted(NEW.ops))
    found = [
        use(op, *data.draw(st.sets(st.sampled_from(sorted(NEW.ops[op] | {"_note"})))))
        for op in data.draw(st.lists(ops, max_size=4))
        if ">" not in op
    ]
    oldest = portability.oldest_consumer(found)
    assert oldest is not None  # the newest release loads what it has itself
    for version in op_tables.known_versions():
        bad = {one.severity for one in portability.check([], found, op_tables.table(version))} - {
            Severity.INFO
        }
        if version == oldest:
            assert not bad
            break
        assert bad


# The fix


def test_fit_makes_an_ordinary_export_loadable_by_the_old_release(tmp_path):
    saved_model = written(Scaled(), tmp_path)
    before = len(list(nodes(saved_model)))
    changes = downgrade.fit(saved_model, OLD)
    assert {(one.what, one.count) for one in changes} == {
        ("VarHandleOp.debug_name", 1),
        ("DisableCopyOnRead", 1),
    }
    assert all(one.reason for one in changes)
    assert portability.oldest_consumer(uses(saved_model)) == "2.4.4"
    assert portability.check([], uses(saved_model), OLD) == []
    assert len(list(nodes(saved_model))) == before
    listed = {one.name: one for one in saved_model.meta_graphs[0].meta_info_def.stripped_op_list.op}
    assert "DisableCopyOnRead" not in listed
    assert "NoOp" in listed
    assert "debug_name" not in {attr.name for attr in listed["VarHandleOp"].attr}
    assert list(listed) == sorted(listed)


def test_what_was_fitted_still_loads_saves_and_does_the_same(tmp_path):
    saved_model = written(Scaled(), tmp_path / "new")
    downgrade.fit(saved_model, OLD)
    (tmp_path / "new" / "saved_model.pb").write_bytes(saved_model.SerializeToString())
    loaded = tf.saved_model.load(str(tmp_path / "new"))
    assert loaded.signatures["serving_default"](x=tf.constant([3.0]))["output_0"] == 6.0
    graph = tf.Graph()
    with graph.as_default(), tf.compat.v1.Session(graph=graph) as session:
        meta = tf.compat.v1.saved_model.load(session, ["serve"], str(tmp_path / "new"))
        saver = saved_model.meta_graphs[0].saver_def
        path = session.run(
            saver.save_tensor_name, {saver.filename_tensor_name: str(tmp_path / "again")}
        )
        output = meta.signature_def["serving_default"].outputs["output_0"].name
        given_ = meta.signature_def["serving_default"].inputs["x"].name
        assert session.run(output, {given_: [3.0]}) == 6.0
    assert tf.train.load_checkpoint(path.decode()).get_tensor(
        "scale/.ATTRIBUTES/VARIABLE_VALUE"
    ) == pytest.approx(2.0)


def test_fit_changes_nothing_for_a_release_that_knows_everything(tmp_path):
    saved_model = written(Scaled(), tmp_path)
    before = saved_model.SerializeToString(deterministic=True)
    assert downgrade.fit(saved_model, NEW) == ()
    assert saved_model.SerializeToString(deterministic=True) == before


def test_fit_takes_messages_that_were_read_without_tensorflow(tmp_path):
    written(Scaled(), tmp_path)
    data = (tmp_path / "saved_model.pb").read_bytes()
    saved_model = protos.message("SavedModel").FromString(data)
    assert len(downgrade.fit(saved_model, OLD)) == 2
    assert downgrade.fit(saved_model, OLD) == ()


def one_node(op, *attributes, inputs=()):
    saved_model = saved_model_pb2.SavedModel()
    graph = saved_model.meta_graphs.add().graph_def
    function = graph.library.function.add()
    function.signature.name = "inner"
    for holder in (graph.node, function.node_def):
        node = holder.add(name="n", op=op, input=inputs)
        for name in attributes:
            node.attr[name].b = True
    return saved_model


@pytest.mark.parametrize(
    ("saved_model", "told"),
    [
        (one_node("GatherNd", "bad_indices_policy"), "GatherNd.bad_indices_policy"),
        (one_node("TopKV2", "index_type"), "TopKV2.index_type"),
        (one_node("XlaCallModule"), "XlaCallModule"),
    ],
)
def test_fit_refuses_what_is_not_harmless_and_changes_nothing(saved_model, told):
    saved_model.meta_graphs[0].graph_def.node.add(name="v", op="VarHandleOp").attr[
        "debug_name"
    ].s = b"v"
    before = copy.deepcopy(saved_model)
    with pytest.raises(downgrade.NotHarmlessError, match="does not know " + told) as raised:
        downgrade.fit(saved_model, OLD)
    assert [(one.what, one.count) for one in raised.value.needed] == [(told, 2)]
    assert saved_model == before


def test_fit_leaves_calls_and_the_ops_of_libraries_alone():
    for op in ("inner", "Custom>Zero"):
        saved_model = one_node(op, "nosuch")
        before = copy.deepcopy(saved_model)
        assert downgrade.fit(saved_model, OLD) == ()
        assert saved_model == before


def test_what_takes_an_ops_place_waits_for_the_same():
    saved_model = one_node("DisableCopyOnRead", "_class", "x", inputs=["v:0", "^a", "^b"])
    downgrade.fit(saved_model, OLD)
    for node in nodes(saved_model):
        assert (node.op, list(node.input), set(node.attr)) == ("NoOp", ["^a", "^b"], {"_class"})


@given(st.sampled_from(op_tables.known_versions()), st.data())
def test_what_fit_returns_without_an_error_suits_the_consumer(version, data):
    consumer = op_tables.table(version)
    op = data.draw(st.sampled_from(sorted(NEW.ops)))
    names = data.draw(st.sets(st.sampled_from(sorted(NEW.ops[op] | {"_note"}))))
    saved_model = one_node(op, *names)
    try:
        changes = downgrade.fit(saved_model, consumer)
    except downgrade.NotHarmlessError:
        return  # the tests above are about it
    assert all(change.count == 2 for change in changes)
    for node in nodes(saved_model):
        assert node.op in consumer.ops
        assert consumer.unknown_attributes(node.op, node.attr) == set()


def test_the_only_ops_that_are_replaced_have_no_outputs():
    for op in harmless.REPLACED:
        assert tf.raw_ops.__dict__[op](resource=tf.Variable(1.0).handle) is None
