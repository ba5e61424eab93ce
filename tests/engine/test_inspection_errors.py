"""What `inspect` says where there is no whole SavedModel: one exception, with what to type."""

from __future__ import annotations

import os
import re
import shutil

import h5py
import keras
import pytest
import tensorflow as tf
from google.protobuf import text_format
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tensorflow.core.protobuf import saved_model_pb2

from sm_magics.savedmodel.inspection import InspectionError, inspect

FILES = ["saved_model.pb", "fingerprint.pb", "variables/variables.index"]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "net"
    module = tf.Module()
    module.weight = tf.Variable([1.0, 2.0], name="weight")
    module.serve = tf.function(
        lambda x: x * module.weight, input_signature=[tf.TensorSpec([2], tf.float32, "x")]
    )
    tf.saved_model.save(module, path, signatures=module.serve)
    return path


@pytest.fixture
def copy(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "copy")


def complaint(path):
    with pytest.raises(InspectionError) as raised:
        inspect(path)
    assert isinstance(raised.value, ValueError)
    assert str(path) in str(raised.value)
    return str(raised.value)


# Something else stands there


def test_nothing_there_names_what_is_near(tmp_path):
    (tmp_path / "model").mkdir()
    said = complaint(tmp_path / "modle")
    assert "does not exist" in said
    assert f"{tmp_path} holds model." in said


def test_a_keras_file(tmp_path):
    path = tmp_path / "model.keras"
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(path)
    assert f"keras.models.load_model({str(path)!r})" in complaint(path)
    assert f"model.keras, a Keras file: keras.models.load_model({str(path)!r})" in complaint(
        tmp_path
    )


def test_other_formats(tmp_path):
    with h5py.File(tmp_path / "old.h5", "w"):
        pass
    assert "a Keras (HDF5) file" in complaint(tmp_path / "old.h5")
    (tmp_path / "notes.txt").write_text("hello")
    assert "Give the directory that holds saved_model.pb" in complaint(tmp_path / "notes.txt")
    assert "It holds old.h5, a Keras (HDF5) file" in complaint(tmp_path)


def test_the_graph_file_instead_of_its_directory(copy):
    assert complaint(copy / "saved_model.pb").endswith(f"give its directory: {copy}")


def test_a_checkpoint(tmp_path):
    prefix = tf.train.Checkpoint(v=tf.Variable(1.0)).write(str(tmp_path / "weights"))
    said = complaint(tmp_path)
    assert "a checkpoint, which has values but no graph" in said
    restored = tf.Variable(0.0)
    prefix = re.search(r"read\('(.*)'\)", said)[1]
    tf.train.Checkpoint(v=restored).read(prefix).assert_consumed()
    assert restored.numpy() == 1.0


def test_a_directory_of_versions(saved, tmp_path):
    for version in ("2", "10", "1"):
        shutil.copytree(saved, tmp_path / version)
    said = complaint(tmp_path)
    assert f"It holds versions 1, 2, 10: try {tmp_path / '10'}" in said
    assert inspect(said.rpartition("try ")[2]).signatures


def test_a_model_one_level_below(saved, tmp_path):
    shutil.copytree(saved, tmp_path / "net")
    assert f"It holds net: try {tmp_path / 'net'}" in complaint(tmp_path)


def test_empty_and_unrelated_directories(tmp_path):
    assert complaint(tmp_path).endswith("It is empty.")
    for number in range(7):
        (tmp_path / f"file{number}").touch()
    assert complaint(tmp_path).endswith("It holds file0, file1, file2, file3, file4 and 2 more.")


def test_a_graph_in_chunks(copy):
    (copy / "saved_model.pb").rename(copy / "saved_model.cpb")
    assert "experimental_image_format" in complaint(copy)


def test_a_frozen_graph(tmp_path):
    with tf.Graph().as_default() as graph:
        tf.constant(1.0)
    (tmp_path / "saved_model.pb").write_bytes(graph.as_graph_def().SerializeToString())
    assert "is a GraphDef (a frozen graph), not a SavedModel" in complaint(tmp_path)


@pytest.mark.parametrize("address", ["gs://bucket/model", "s3://bucket/model"])
def test_another_machine(address):
    with pytest.raises(InspectionError, match="is not a local directory"):
        inspect(address)


# A part is missing or broken


def test_no_graph(copy):
    (copy / "saved_model.pb").unlink()
    assert "copied in part" in complaint(copy)


def test_no_index(copy):
    (copy / "variables/variables.index").unlink()
    assert "no variables/variables.index: it was copied in part" in complaint(copy)


def test_no_shard(copy):
    (copy / "variables/variables.data-00000-of-00001").unlink()
    assert "variables.data-00000-of-00001 is missing" in complaint(copy)


def test_half_a_shard(copy):
    shard = copy / "variables/variables.data-00000-of-00001"
    os.truncate(shard, shard.stat().st_size // 2)
    assert "is truncated" in complaint(copy)


@pytest.mark.parametrize("name", FILES)
def test_a_foreign_file(copy, name):
    (copy / name).write_bytes(b"PK\x03\x04 this is a zip archive, or some such" * 9)
    assert str(copy / name) in complaint(copy)


def test_an_empty_graph_file(copy):
    (copy / "saved_model.pb").write_bytes(b"")
    assert "saved_model.pb is empty" in complaint(copy)


def test_a_file_that_may_not_be_read(copy):
    (copy / "saved_model.pb").chmod(0)
    if os.access(copy / "saved_model.pb", os.R_OK):  # root reads everything: a folder is no file
        (copy / "saved_model.pb").unlink()
        (copy / "saved_model.pb").mkdir()
    assert "can't be read" in complaint(copy)


@pytest.mark.parametrize("name", FILES)
def test_every_prefix_of_a_file_is_an_error_or_still_a_saved_model(copy, name):
    whole = (copy / name).read_bytes()
    step = max(1, len(whole) // 97)
    outcomes = set()
    for length in {*range(0, len(whole), step), *range(40), len(whole) - 1}:
        (copy / name).write_bytes(whole[: min(length, len(whole) - 1)])
        try:
            found = inspect(copy)
        except InspectionError as error:
            assert str(copy) in str(error)  # noqa: PT017, either outcome is right
            outcomes.add("error")
        else:
            assert found.meta_graphs
            outcomes.add("read")
    assert "error" in outcomes
    assert (name == "fingerprint.pb") == ("read" in outcomes)  # its fields are optional


def test_every_prefix_of_the_text_form_is_an_error_or_a_saved_model(copy):
    file = copy / "saved_model.pb"
    text = text_format.MessageToString(saved_model_pb2.SavedModel.FromString(file.read_bytes()))
    file.unlink()
    for length in range(0, len(text), max(1, len(text) // 40)):
        file.with_suffix(".pbtxt").write_text(text[:length])
        assert "saved_model.pbtxt" in complaint(copy)
    file.with_suffix(".pbtxt").write_bytes(b"\xff\xfe\x00 not text")
    assert "in text form" in complaint(copy)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.sampled_from(FILES), st.data())
def test_damage_is_an_inspection_error_or_another_model(saved, copy, name, data):
    damaged = bytearray((saved / name).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    (copy / name).write_bytes(damaged)
    try:
        found = inspect(copy)
    except InspectionError as error:
        assert str(copy) in str(error)  # noqa: PT017, either outcome is right
    else:
        assert found.meta_graphs
    finally:
        shutil.copyfile(saved / name, copy / name)
