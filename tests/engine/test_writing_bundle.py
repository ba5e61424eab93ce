"""The files of a checkpoint as the fast writer makes them, against TensorFlow's own."""

from __future__ import annotations

import errno
import os
import resource

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

import sm_magics
from sm_magics.savedmodel.inspection import bundle as reading
from sm_magics.savedmodel.inspection import varints
from sm_magics.savedmodel.verify.structure import checksums
from sm_magics.savedmodel.writing import bundle, table

NUMBERS = sorted(
    {
        dtype.name
        for dtype in vars(tf.dtypes).values()
        if isinstance(dtype, tf.DType) and dtype.name not in {"string", "resource", "variant"}
    }
)


def by_tensorflow(folder, tensors):
    """Write a checkpoint of one shard by SaveV2."""
    folder.mkdir()
    tf.raw_ops.SaveV2(
        prefix=str(folder / "variables"),
        tensor_names=list(tensors),
        shape_and_slices=[""] * len(tensors),
        tensors=list(tensors.values()),
    )


def by_us(folder, *shards):
    """Write a checkpoint of some shards by the fast writer."""
    folder.mkdir()
    entries = {}
    for number, tensors in enumerate(shards):
        path = folder / f"variables.data-{number:05d}-of-{len(shards):05d}"
        entries |= bundle.write_shard(path, number, tensors.items())
    (folder / "variables.index").write_bytes(bundle.index(entries, len(shards)))


def same(folder, tensors):
    """Write some tensors by both, and tell whether data and index say the same."""
    tensors = dict(sorted(tensors.items()))  # as SaveV2 puts them
    by_tensorflow(folder / "theirs", tensors)
    by_us(folder / "ours", tensors)
    data = [file.read_bytes() for file in sorted(folder.glob("*/variables.data*"))]
    theirs, ours = (reading.read_index(folder / who / "variables.index") for who in WRITERS)
    return len(data) == 2 and data[0] == data[1] and theirs == ours


WRITERS = ("theirs", "ours")


@pytest.mark.parametrize("dtype", NUMBERS)
@pytest.mark.parametrize("shape", [(), (0,), (3, 2), (2, 0, 3)])
def test_the_bytes_of_every_dtype_are_tensorflow_s(tmp_path, dtype, shape):
    # Bit patterns of all kinds: those of numbers that nobody would think of, too.
    bits = np.random.default_rng(0).integers(0, 2, (*shape, 16), "uint8")
    if dtype in {"bool", "int4", "uint4", "int2", "uint2"}:
        tensor = tf.cast(bits[..., 0], "int32" if dtype == "bool" else "int8")
        tensor = tf.cast(tensor, dtype)
    else:
        kind = tf.as_dtype(dtype)
        raw = np.zeros((*shape, kind.size), "uint8") + np.resize(bits, (*shape, kind.size))
        tensor = tf.bitcast(raw if kind.size > 1 else raw[..., 0], kind)
    assert tensor.dtype.name == dtype
    assert same(tmp_path, {"x": tensor, "y": tensor})


@settings(max_examples=30, deadline=None)
@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1),
        st.lists(st.binary(max_size=200), max_size=5) | st.binary(max_size=5),
        min_size=1,
        max_size=20,
    )
)
def test_strings_and_names_are_as_tensorflow_writes_them(tmp_path_factory, strings):
    tensors = {name: tf.constant(value, tf.string) for name, value in strings.items()}
    # Python sorts text by code point, which is the order of its UTF-8.
    assert same(tmp_path_factory.mktemp("strings"), tensors)


@pytest.mark.parametrize("count", [0, 1, 2, 700])
def test_tensorflow_reads_what_lies_in_several_shards(tmp_path, count):
    tensors = {f"layer/{i % 7}/w{i}": tf.random.uniform([i % 5, 2]) for i in range(count)}
    items = list(tensors.items())
    by_us(tmp_path / "c", dict(items[: count // 3]), {}, dict(items[count // 3 :]))

    reader = tf.train.load_checkpoint(str(tmp_path / "c" / "variables"))
    assert set(reader.get_variable_to_shape_map()) == set(tensors)
    for name, tensor in items:
        np.testing.assert_array_equal(reader.get_tensor(name), tensor)
    with pytest.raises(tf.errors.OpError, match="not found"):
        reader.get_tensor("layer/99")


def test_a_value_larger_than_what_is_written_at_once_is_whole(tmp_path):
    tensor = tf.random.uniform([3 * bundle._CHUNK // 8 + 1])
    assert same(tmp_path, {"x": tensor})


def test_the_disk_begins_while_more_is_written(tmp_path, monkeypatch):
    begun = []

    def noting(descriptor, start, size):
        begun.append((start, size, os.fstat(descriptor).st_size))

    monkeypatch.setattr(bundle.durability, "begin", noting)
    tensors = [tf.zeros([size, 2**18]) for size in (3, 1, 9)]  # MiB
    bundle.write_shard(tmp_path / "x", 0, zip("abc", tensors, strict=True))
    starts, sizes, written = zip(*begun, strict=True)
    assert list(starts) == [sum(sizes[:place]) for place in range(len(sizes))]
    assert written == tuple(map(sum, zip(starts, sizes, strict=True)))  # the file has them by then
    assert max(sizes) == 4 * 2**20
    assert sum(sizes) == 13 * 2**20


@pytest.mark.parametrize(("mib", "waits"), [(1, True), (33, False)])
def test_a_small_file_is_on_the_disk_while_the_graph_is_made(tmp_path, monkeypatch, mib, waits):
    synced, sync = [], os.fsync

    def noting(descriptor):
        sync(descriptor)
        synced.append((os.fstat(descriptor).st_ino, os.fstat(descriptor).st_size))

    monkeypatch.setattr(os, "fsync", noting)
    bundle.write_shard(tmp_path / "x", 0, [("a", tf.zeros([mib, 2**18]))])
    whole = ((tmp_path / "x").stat().st_ino, mib * 2**20)
    assert synced == [whole] * waits


def test_a_disk_that_fails_later_is_told_of_with_the_file(tmp_path, monkeypatch):
    def failing(_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(OSError, match="data-00000") as caught:
        bundle.write_shard(tmp_path / "data-00000", 0, [("a", tf.zeros([2]))])
    assert caught.value.errno == errno.EIO


def test_a_system_that_takes_no_advice_is_left_alone(tmp_path, monkeypatch):
    def refusing(*_):
        raise OSError(errno.ENOSYS, "not here")

    monkeypatch.setattr(os, "posix_fadvise", refusing)
    assert same(tmp_path, {"x": tf.zeros([2**21])})


def test_a_write_that_fails_names_the_file_and_leaves_nothing(tmp_path):
    module = tf.Module()
    module.weight = tf.Variable(tf.zeros([2**20]))
    module.serve = tf.function(
        lambda x: x * module.weight[0], input_signature=[tf.TensorSpec([], tf.float32, name="x")]
    )
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, before[1]))
    try:
        with pytest.raises(OSError, match=r"variables\.data-00000-of-00001") as caught:
            sm_magics.export(module, tmp_path / "model")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert caught.value.errno == errno.EFBIG
    assert "nothing was written" in caught.value.__notes__[0]
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_byte_is_noticed_by_tensorflow(tmp_path):
    by_us(tmp_path / "c", {"x": tf.random.uniform([100])})
    for name in ("variables.data-00000-of-00001", "variables.index"):
        path = tmp_path / "c" / name
        good = path.read_bytes()
        path.write_bytes(good[:20] + bytes([good[20] ^ 1]) + good[21:])
        with pytest.raises(tf.errors.DataLossError):
            tf.raw_ops.RestoreV2(
                prefix=str(tmp_path / "c" / "variables"),
                tensor_names=["x"],
                shape_and_slices=[""],
                dtypes=[tf.float32],
            )
        path.write_bytes(good)


def test_a_file_that_is_there_is_not_written_over(tmp_path):
    (tmp_path / "x").write_bytes(b"old")
    with pytest.raises(FileExistsError):
        bundle.write_shard(tmp_path / "x", 0, {}.items())
    assert (tmp_path / "x").read_bytes() == b"old"


@given(st.integers(0, 2**64 - 1))
def test_varints_are_read_back(number):
    assert varints.varint(table.varint(number), 0)[0] == number


@given(st.integers(0, 2**32 - 1))
def test_a_masked_checksum_is_unmasked(number):
    assert checksums.unmasked(int.from_bytes(table.masked(number), "little")) == number
