"""Our copy of TensorFlow's descriptors, against the TensorFlow that is installed."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import FieldDescriptor
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import saved_model_pb2

from sm_magics.savedmodel.inspection import protos

ROOT = Path(__file__).parents[2]
REGENERATE = "run `python scripts/make_descriptors.py` and commit what it changes"


def script():
    spec = importlib.util.spec_from_file_location(
        "make_descriptors", ROOT / "scripts/make_descriptors.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def messages(pool, seen, name="tensorflow.SavedModel"):
    """Return every message that `name` reaches in `pool`, by full name."""
    if name not in seen:
        seen[name] = pool.FindMessageTypeByName(name)
        for field in seen[name].fields:
            if field.message_type is not None:
                messages(pool, seen, field.message_type.full_name)
    return seen


def meaning(field):
    kind = field.message_type or field.enum_type
    return field.number, field.type, field.is_repeated, kind and kind.full_name


@pytest.fixture(scope="module")
def theirs():
    script().descriptor_set({})  # imports every _pb2 module that it needs
    return descriptor_pool.Default()


@pytest.mark.parametrize(
    "root",
    ["SavedModel", "FingerprintDef", "BundleHeaderProto", "BundleEntryProto"],
)
def test_no_field_that_we_have_means_something_else_in_the_installed_tensorflow(theirs, root):
    for name, ours in messages(protos.pool(), {}, f"tensorflow.{root}").items():
        other = theirs.FindMessageTypeByName(name)
        by_number = {field.number: field for field in other.fields}
        for field in ours.fields:
            if field.number in by_number:  # a field that went away does no harm
                assert meaning(field) == meaning(by_number[field.number]), (
                    f"{name}.{field.name} has moved; {REGENERATE}"
                )
                assert field.name == by_number[field.number].name, REGENERATE


def test_descriptors_are_what_the_script_makes_of_the_tensorflow_that_they_name():
    if tf.__version__ != protos.TENSORFLOW_VERSION:
        return  # another one may have more: unknown fields are skipped, and the test above holds
    folder, made = Path(protos.__file__).parent, script()
    assert (folder / protos.PROTOSET).read_bytes() == made.descriptor_set({}), REGENERATE
    assert (folder / protos.SKIMMED).read_bytes() == made.descriptor_set(made.UNREAD), REGENERATE


@pytest.mark.parametrize("number", sorted(types_pb2.DataType.values()))
def test_dtypes_have_the_names_that_tensorflow_gives_them(number):
    try:
        expected = tf.dtypes.as_dtype(number).name
    except TypeError:  # TensorFlow's Python knows no such dtype; DT_INVALID is one
        expected = types_pb2.DataType.Name(number).removeprefix("DT_").lower()
    assert protos.dtype_name(number) == expected, REGENERATE


def test_a_dtype_of_the_future_has_a_name_too():
    assert protos.dtype_name(9999) == "dtype 9999"


def test_messages_say_what_tensorflows_own_say(theirs):
    del theirs
    written = saved_model_pb2.SavedModel(saved_model_schema_version=1)
    graph = written.meta_graphs.add()
    graph.meta_info_def.tags.append("serve")
    graph.signature_def["s"].inputs["x"].dtype = types_pb2.DT_BFLOAT16
    node = graph.graph_def.node.add(name="n", op="Const", device="/GPU:0")
    node.attr["f"].func.name = "g"
    data = written.SerializeToString(deterministic=True)

    read = protos.message("SavedModel").FromString(data)
    assert read.SerializeToString(deterministic=True) == data
    assert protos.dtype_name(read.meta_graphs[0].signature_def["s"].inputs["x"].dtype) == "bfloat16"
    assert type(read) is not saved_model_pb2.SavedModel


def test_a_skimmed_message_loses_nothing():
    graph = protos.message("GraphDef")()
    node = graph.node.add(name="n", op="Call", input=["a", "^b"])
    node.attr["f"].func.name = "g"

    skimmed = protos.skimmed("GraphDef").FromString(graph.SerializeToString())
    assert (skimmed.node[0].name, skimmed.node[0].op) == ("n", "Call")
    assert "attr" not in skimmed.node[0].DESCRIPTOR.fields_by_name
    assert protos.whole(skimmed.node[0]) == node
    assert protos.whole(skimmed) == graph


def test_tensorflow_can_be_imported_after_our_descriptors():
    code = """
        import sys
        from sm_magics.savedmodel.inspection import protos
        ours = protos.message("SavedModel")(saved_model_schema_version=7)
        assert "tensorflow" not in sys.modules
        from tensorflow.core.protobuf import saved_model_pb2
        theirs = saved_model_pb2.SavedModel.FromString(ours.SerializeToString())
        print(theirs.saved_model_schema_version)
    """
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(line.strip() for line in code.splitlines())],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.stdout.strip() == "7", done.stderr


def test_every_field_that_is_left_unread_exists():
    for name, fields in script().UNREAD.items():
        known = protos.message(name).DESCRIPTOR.fields_by_name
        assert fields <= set(known), name
        assert all(isinstance(known[field], FieldDescriptor) for field in fields)
