"""The reader of checkpoint indices, against TensorFlow's own reader."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sm_magics.savedmodel.inspection import bundle

OWN = bundle.OBJECT_GRAPH_KEY


def save(folder, names, tensors, slices=None):
    """Write tensors as folder/variables.* the way that a SavedModel's saver does."""
    slices = slices or [""] * len(names)
    tf.raw_ops.SaveV2(
        prefix=str(folder / "variables"),
        tensor_names=names,
        shape_and_slices=slices,
        tensors=[tf.constant(tensor) for tensor in tensors],
    )


def by_key(folder):
    return {entry.key: entry for entry in bundle.read_index(folder / "variables.index").entries}


@pytest.mark.parametrize("count", [1, 3, 700])
def test_it_reads_what_tensorflow_reads(tmp_path, count):
    names = [f"layer/{i:04d}/kernel" for i in range(count)]
    save(tmp_path, names, [np.zeros((i % 5, 2), np.float32) for i in range(count)])

    reader = tf.train.load_checkpoint(str(tmp_path / "variables"))
    expected = {
        name: (tuple(shape), reader.get_variable_to_dtype_map()[name].name)
        for name, shape in reader.get_variable_to_shape_map().items()
    }
    found = by_key(tmp_path)
    assert {key: (entry.shape, entry.dtype) for key, entry in found.items()} == expected
    assert list(found) == sorted(expected)
    assert all(entry.bytes == 8 * entry.shape[0] for entry in found.values())


@pytest.mark.parametrize(
    ("value", "dtype", "size"),
    [
        (1, "float16", 2),
        (1, "complex128", 16),
        ([True, False], "bool", 2),
        (np.zeros((2, 0, 3)), "int64", 0),
        ([1, 2, 3], "bfloat16", 6),
        ([1.0, 2.0, 3.0], "float8_e5m2", 3),
    ],
)
def test_dtypes_and_sizes(tmp_path, value, dtype, size):
    tensor = tf.cast(value, dtype)
    save(tmp_path, ["x"], [tensor])
    entry = by_key(tmp_path)["x"]
    assert entry[1:4] == (dtype, tuple(tensor.shape), size)


def test_strings_take_their_text_and_lengths(tmp_path):
    save(tmp_path, ["words"], [np.array(["a", "bcd"])])
    entry = by_key(tmp_path)["words"]
    shard = tmp_path / bundle.shard_names(1)[0]
    assert (entry.dtype, entry.shape, entry.bytes) == ("string", (2,), shard.stat().st_size)


def test_slices_add_up_to_one_tensor(tmp_path):
    name = "odd\x00na\xffme"  # what the keys of slices must escape
    save(
        tmp_path,
        [name, name, "plain"],
        [np.ones((2, 3), np.float32), np.ones((4, 3), np.float32), np.int32(1)],
        ["6 3 0,2:-", "6 3 2,4:-", ""],
    )
    found = by_key(tmp_path)
    assert set(found) == {name, "plain"}
    assert (found[name].shape, found[name].bytes) == ((6, 3), 6 * 3 * 4)


def test_several_shards_each_have_their_own_end(tmp_path):
    for part, size in (("a", 3), ("b", 5)):
        folder = tmp_path / part
        folder.mkdir()
        save(folder, [part], [np.zeros(size, np.float32)])
    tf.raw_ops.MergeV2Checkpoints(
        checkpoint_prefixes=[str(tmp_path / part / "variables") for part in "ab"],
        destination_prefix=str(tmp_path / "variables"),
    )
    index = bundle.read_index(tmp_path / bundle.INDEX_NAME)
    assert index.num_shards == 2
    assert {entry.key: entry.shards for entry in index.entries} == {"a": {0: 12}, "b": {1: 20}}
    bundle.check_shards(tmp_path, index)

    (tmp_path / bundle.shard_names(2)[1]).rename(tmp_path / "elsewhere")
    with pytest.raises(bundle.BundleError, match="00001-of-00002 is missing"):
        bundle.check_shards(tmp_path, index)


def test_a_shard_must_reach_the_end_of_its_last_tensor(tmp_path):
    save(tmp_path, ["a", "b"], [np.zeros(10, np.float32), np.zeros(2, np.float32)])
    found = by_key(tmp_path)
    assert (found["a"].shards, found["b"].shards) == ({0: 40}, {0: 48})


def test_a_truncated_shard_is_an_error(tmp_path):
    save(tmp_path, ["x"], [np.zeros(10, np.float32)])
    shard = tmp_path / bundle.shard_names(1)[0]
    shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises(bundle.BundleError, match="truncated: 39 of at least 40 bytes"):
        bundle.check_shards(tmp_path, bundle.read_index(tmp_path / bundle.INDEX_NAME))


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    folder = tmp_path_factory.mktemp("table")
    save(folder, [f"v{i}" for i in range(40)], [np.float32(i) for i in range(40)])
    return (folder / bundle.INDEX_NAME).read_bytes()


def test_no_prefix_of_an_index_is_an_index(tmp_path, table):
    path = tmp_path / bundle.INDEX_NAME
    for length in range(len(table)):
        path.write_bytes(table[:length])
        with pytest.raises(bundle.BundleError, match="truncated"):
            bundle.read_index(path)


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_damage_is_a_bundle_error_or_another_index(tmp_path, table, data):
    at = data.draw(st.integers(0, len(table) - 1))
    damaged = bytearray(table)
    damaged[at] = data.draw(st.integers(0, 255))
    path = tmp_path / bundle.INDEX_NAME
    path.write_bytes(damaged)
    try:
        index = bundle.read_index(path)
    except bundle.BundleError as error:
        assert str(path) in str(error)  # noqa: PT017, either outcome is right
    else:
        assert index.num_shards >= 1


def block(*records, kind=b"\0"):
    """Write records (shared, unshared key, value) as a block with its trailer."""
    body = b"".join(
        bytes([shared, len(key), len(value)]) + key + value for shared, key, value in records
    )
    return body + bytes(4) + kind + bytes(4)


def written(*records, kind=b"\0"):
    """Write a whole table with one block."""
    content = block(*records, kind=kind)
    handle = bytes([0, len(content) - 5])
    index = block((0, b"~", handle))
    footer = bytes([0, 0, len(content), len(index) - 5]).ljust(40, b"\0") + bundle._MAGIC
    return content + index + footer


HEADER = (0, b"", b"\x08\x01")  # one shard
ENTRY = b"\x08\x01"  # a scalar float32


def test_keys_share_their_beginning_with_the_one_before(tmp_path):
    path = tmp_path / bundle.INDEX_NAME
    path.write_bytes(written(HEADER, (0, b"kernel", ENTRY), (3, b"s", ENTRY)))
    assert [entry.key for entry in bundle.read_index(path).entries] == ["kernel", "kers"]


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (written(HEADER, (7, b"s", ENTRY)), "a record lies outside its block"),
        (written(HEADER, (0, b"s" * 20, b""))[:10] + written(HEADER), "outside"),
        (written((0, b"key", ENTRY)), "it has no header"),
        (written(HEADER, kind=b"\1"), "a block is compressed"),
        (b"\xff" * 40 + bundle._MAGIC, "a number is too long"),
        (bytes([0, 0, 90, 90]).ljust(40, b"\0") + bundle._MAGIC, "a block lies outside the file"),
        (bundle._MAGIC, "damaged"),
    ],
)
def test_a_table_that_tensorflow_would_not_write_is_an_error(tmp_path, table, reason):
    path = tmp_path / bundle.INDEX_NAME
    path.write_bytes(table)
    with pytest.raises(bundle.BundleError, match=reason):
        bundle.read_index(path)
