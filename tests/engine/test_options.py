"""The one table of options agrees with the installed TensorFlow, and every row does something."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

import sm_magics
from sm_magics.savedmodel import options
from sm_magics.savedmodel.options import sharding

VECTOR = tf.TensorSpec([None], tf.float32, name="x")


class Weighted(tf.Module):
    """Four variables of 16 float32 each, a check, and a function with a gradient of its own."""

    def __init__(self):
        super().__init__()
        self.weights = [tf.Variable(tf.ones([4, 4]), name=f"w{n}") for n in range(4)]

    @tf.function(input_signature=[VECTOR])
    def serve(self, x):
        tf.debugging.assert_all_finite(x, "not finite")
        return steep(x) * tf.add_n([tf.reduce_sum(weight) for weight in self.weights])


@tf.custom_gradient
def steep(x):
    return x + 1.0, lambda upstream: upstream * 100.0


@pytest.fixture
def written(tmp_path):
    """Export with options, and give back the result."""

    def export(**fields):
        return sm_magics.export(Weighted(), tmp_path / "out", options=fields, overwrite=True)

    return export


def meta_graph(result):
    (graph,) = SavedModel.FromString((result.path / "saved_model.pb").read_bytes()).meta_graphs
    return graph


def nodes(result):
    graph = meta_graph(result).graph_def
    return [*graph.node, *(n for f in graph.library.function for n in f.node_def)]


def shards(result):
    return sorted(p.name for p in (result.path / "variables").glob("*.data-*"))


def runs(result):
    loaded = tf.saved_model.load(str(result.path))
    np.testing.assert_allclose(loaded.serve(tf.constant([0.5])), [96.0])
    return loaded


def drift():
    """Return the rows to add and to remove, as they would stand in the table."""
    parameters = inspect.signature(tf.saved_model.SaveOptions).parameters
    kinds = {bool: "flag", type(None): "text"}
    add = [
        f'Option("{name}", ("--{name.removeprefix("experimental_").replace("_", "-")}",), '
        f'"{kinds.get(type(parameter.default), "text")}", "…", since="{tf.__version__}", '
        f"experimental={name.startswith('experimental_')}),"
        for name, parameter in parameters.items()
        if name not in options.BY_NAME
    ]
    release = tuple(map(int, tf.__version__.split(".")[:2]))
    remove = [
        row.name
        for row in options.SAVE_OPTIONS
        if row.name not in parameters and tuple(map(int, row.since.split("."))) <= release
    ]
    return add, remove


def test_the_table_has_a_row_for_every_field_of_saveoptions():
    add, remove = drift()
    assert not add, "add to sm_magics/savedmodel/options/__init__.py:\n    " + "\n    ".join(add)
    assert not remove, f"TensorFlow {tf.__version__} dropped {remove}"


def test_drift_prints_the_row_to_add(monkeypatch):
    class Grown:
        def __init__(self, save_debug_info=False, experimental_new_thing=False):  # noqa: FBT002
            """Stand for a future SaveOptions."""

    monkeypatch.setattr(tf.saved_model, "SaveOptions", Grown)
    add, remove = drift()
    assert len(add) == 1
    assert add[0].startswith('Option("experimental_new_thing", ("--new-thing",), "flag", ')
    assert "extra_tags" in remove
    assert "save_debug_info" not in remove


def test_rows_are_complete_and_flags_are_unique():
    flags = [flag for row in options.OPTIONS for flag in row.flags]
    assert len(flags) == len(set(flags))
    for row in options.OPTIONS:
        assert row.help, row.name
        assert row.kind in {"flag", "off", "text", "list", "pairs", "choice", "size"}
        assert not row.choices or row.kind in {"choice", "list"}
        assert row.choices or row.kind != "choice"
        assert bool(row.metavar) == (row.kind not in {"flag", "off"})
        assert row.experimental == row.name.startswith("experimental_")


def test_rows_that_are_no_saveoptions_are_keywords_of_export():
    keywords = set(inspect.signature(sm_magics.export).parameters)
    own = {row.name for row in options.OPTIONS if row.group != "SaveOptions"}
    # --no-verify is verify=False.
    assert own - keywords == {"no_verify"}
    assert keywords - own == {"obj", "export_dir", "options"}


@pytest.mark.parametrize("row", options.SAVE_OPTIONS, ids=lambda row: row.name)
def test_every_field_is_reachable_by_its_long_and_short_name(row):
    value = {
        "namespace_whitelist": ["Space"],
        "function_aliases": {"a": Weighted().serve},
        "experimental_io_device": "/job:localhost",
        "experimental_variable_policy": "save_variable_devices",
        "experimental_custom_gradients": False,
        "experimental_image_format": False,
        "experimental_sharding_callback": tf.train.experimental.MaxShardSizePolicy(512),
        "extra_tags": ["tag"],
    }.get(row.name, True)
    default = getattr(tf.saved_model.SaveOptions(), row.name)
    for name in (row.name, row.name.removeprefix("experimental_")):
        made = getattr(options.save_options({name: value}), row.name)
        assert value in (made, getattr(made, "value", None))
        if not row.unavailable:
            assert made != default


def test_defaults_are_tensorflows():
    rows = [row.name for row in options.SAVE_OPTIONS]
    theirs = tf.saved_model.SaveOptions()
    for given in ({}, None, dict.fromkeys(rows)):
        ours = options.save_options(given)
        assert [getattr(ours, name) for name in rows] == [getattr(theirs, name) for name in rows]


def test_without_options_there_is_nothing_special(written):
    result = written()
    assert not (result.path / "debug").exists()
    assert meta_graph(result).meta_info_def.tags == ["serve"]
    assert len(shards(result)) == 1
    assert runs(result)


def test_save_debug_info_writes_debug(written):
    files = {file.path for file in written(save_debug_info=True).inspection.files}
    assert "debug/saved_model_debug_info.pb" in files


def test_function_aliases_name_all_traces(written, tmp_path):
    result = written(function_aliases={"a": "serve"})
    aliases = dict(meta_graph(result).meta_info_def.function_aliases)
    assert set(aliases.values()) == {"a"}
    library = {f.signature.name for f in meta_graph(result).graph_def.library.function}
    assert set(aliases) & library
    model = Weighted()
    again = sm_magics.export(
        model, tmp_path / "object", options={"function_aliases": {"b": model.serve}}
    )
    assert set(dict(meta_graph(again).meta_info_def.function_aliases).values()) == {"b"}


def test_an_alias_of_nothing_is_sm211_and_nothing_is_written(written, tmp_path):
    with pytest.raises(sm_magics.ExportError, match=r"SM211 error: .*'nosuch' is no tf\.function"):
        written(function_aliases={"a": "nosuch"})
    assert not list(tmp_path.iterdir())


def test_extra_tags_are_tags(written):
    result = written(extra_tags=["gpu", "v2"])
    assert sorted(meta_graph(result).meta_info_def.tags) == ["gpu", "serve", "v2"]
    assert sorted(result.inspection.tags) == ["gpu", "serve", "v2"]
    assert result.verification.signatures[0].status == "equal"


@pytest.mark.parametrize(("size", "count"), [("64B", 4), (64, 4), ("0.128kB", 2), ("1MB", 1)])
def test_a_size_splits_the_checkpoint(written, size, count):
    result = written(sharding_callback=size)
    data = [
        path
        for path in shards(result)
        if (result.path / "variables" / path).stat().st_size <= options.parse_size("1kB") / 2
    ]
    # The object graph goes where there is room, or into a shard that is larger.
    assert count <= len(shards(result)) <= count + 1
    assert len(data) >= count - 1
    assert result.verification.signatures[0].status == "equal"
    assert runs(result)


def test_device_is_one_shard_for_each_task(written):
    assert len(shards(written(sharding_callback="device"))) == 1


def test_a_size_that_no_slice_fits_into_is_refused_not_tried_for_ever(written, tmp_path):
    with pytest.raises(ValueError, match=r"slices have 16 bytes; say 16 or more"):
        written(sharding_callback=15)
    assert not list(tmp_path.iterdir())
    assert runs(written(sharding_callback=16))


@pytest.mark.parametrize(
    ("value", "size"), [(["long text", "a"], 9), ([[1.0, 2.0, 3.0]] * 2, 8), ([1, 2], 4)]
)
def test_the_least_slice_is_known_for_texts_and_numbers(value, size):
    tensor = tf.constant(value)
    shardable = tf.train.experimental.ShardableTensor(
        _tensor_save_spec=None,
        tensor=tensor,
        dtype=tensor.dtype,
        device=tf.DeviceSpec.from_string("/job:localhost/task:0"),
        name="v",
        shape=tensor.shape,
        slice_spec="",
        checkpoint_key="v",
        trackable=tf.Module(),
    )
    with pytest.raises(ValueError, match=f"say {size} or more"):
        sharding.by_size(size - 1)([shardable])
    assert sharding.by_size(size)([shardable])


def test_variable_policy_keeps_devices(tmp_path):
    with tf.device("/cpu:0"):
        module = Weighted()

    def devices(name, policy):
        result = sm_magics.export(module, tmp_path / name, options={"variable_policy": policy})
        saved = meta_graph(result).object_graph_def.nodes
        return {node.variable.device for node in saved if node.HasField("variable")}

    assert devices("none", "none") == {""}
    (kept,) = devices("kept", "save_variable_devices")
    assert "CPU:0" in kept.upper()


def test_variable_policy_expands_distributed_variables(tmp_path):
    with tf.distribute.MirroredStrategy(["/cpu:0"]).scope():
        module = tf.Module()
        module.v = tf.Variable([2.0])
    module.serve = tf.function(lambda x: x * module.v, input_signature=[VECTOR])
    policy = tf.saved_model.experimental.VariablePolicy.EXPAND_DISTRIBUTED_VARIABLES
    result = sm_magics.export(module, tmp_path / "out", options={"variable_policy": policy})
    saved = meta_graph(result).object_graph_def.nodes
    components = [
        len(node.variable.experimental_distributed_variable_components)
        for node in saved
        if node.HasField("variable")
    ]
    assert max(components) == 1


def test_custom_gradients_are_kept_or_left_out(written):
    def gradients(result):
        return len(meta_graph(result).graph_def.library.registered_gradients)

    kept = written()
    assert gradients(kept) > 0
    loaded, x = runs(kept), tf.constant([0.5])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = loaded.serve(x)
    np.testing.assert_allclose(tape.gradient(y, x), [6400.0])
    assert gradients(written(custom_gradients=False)) == 0


def test_skip_saver_leaves_the_saver_out(written):
    assert meta_graph(written()).saver_def.restore_op_name
    result = written(skip_saver=True)
    assert not meta_graph(result).saver_def.restore_op_name
    assert runs(result)


def test_debug_stripper_takes_checks_out(written):
    assert "CheckNumerics" in {node.op for node in nodes(written())}
    result = written(debug_stripper=True)
    assert "CheckNumerics" not in {node.op for node in nodes(result)}
    assert runs(result)


@pytest.mark.parametrize("device", ["/job:localhost", "/device:CPU:0", "CPU:0", "/cpu:0"])
def test_an_io_device_that_exists_writes(written, device):
    assert runs(written(io_device=device))


@pytest.mark.parametrize("device", ["nonsense", "/device:GPU:7", "/job:worker", "CPU:1", 3])
def test_an_io_device_that_does_not_exist_is_refused_before_anything_is_written(
    written, tmp_path, device
):
    with pytest.raises(ValueError, match=r"is no device here; the devices are .*CPU:0"):
        written(io_device=device)
    assert not list(tmp_path.iterdir())


def test_image_format_is_refused_with_the_reason(written, tmp_path):
    with pytest.raises(ValueError, match="image_format can't be used: the open-source build"):
        written(image_format=True)
    assert not list(tmp_path.iterdir())
    assert runs(written(image_format=False))


def test_image_format_is_still_refused_by_tensorflow():
    with pytest.raises(ValueError, match="is disabled in OSS"):
        tf.saved_model.SaveOptions(experimental_image_format=True)


def test_namespace_whitelist_reaches_tensorflows_check(written, monkeypatch):
    from tensorflow.python.saved_model import save

    seen, check = [], save._verify_ops

    def verify_ops(graph_def, namespace_whitelist):
        seen.append(list(namespace_whitelist))
        check(graph_def, namespace_whitelist)

    monkeypatch.setattr(save, "_verify_ops", verify_ops)
    written(namespace_whitelist=["Space"])
    assert seen == [["Space"]]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"extra_tags": "gpu"}, r"extra_tags takes a list: \['gpu'\]"),
        ({"namespace_whitelist": "Space"}, r"namespace_whitelist takes a list: \['Space'\]"),
        ({"extra_tags": [3]}, "extra_tags takes a list of texts"),
        ({"extra_tags": [""]}, "a tag is a text, not empty"),
        ({"extra_tags": ["serve"]}, "'serve', which every export has"),
        ({"extra_tags": ["gpu", "gpu"]}, "'gpu' twice"),
        ({"save_debug_info": "yes"}, "save_debug_info is True or False"),
        ({"experimental_custom_gradients": 1}, "custom_gradients is True or False"),
        ({"function_aliases": "a=serve"}, "function_aliases takes a dict"),
        ({"variable_policy": "all"}, "variable_policy is one of none, save_variable_devices"),
        ({"sharding_callback": "3 parsecs"}, "'3 parsecs' is not a size"),
        ({"sharding_callback": 0}, "0 is not a size"),
        ({"sharding_callback": True}, "True is not a size"),
        ({"nosuch": 1}, "unknown option 'nosuch'; the options are namespace_whitelist"),
        ({"overwrite": True}, "unknown option 'overwrite'"),
        ({"skip_saver": True, "experimental_skip_saver": True}, "is given twice"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_written(
    written, tmp_path, fields, message
):
    with pytest.raises(ValueError, match=message):
        written(**fields)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("given", ["save_debug_info", ["save_debug_info"], 3])
def test_options_are_a_dict_or_saveoptions(tmp_path, given):
    with pytest.raises(TypeError, match="pass a dict such as"):
        sm_magics.export(Weighted(), tmp_path / "out", options=given)


def test_saveoptions_are_passed_through(tmp_path):
    given = tf.saved_model.SaveOptions(save_debug_info=True, extra_tags=["x"])
    assert options.save_options(given) is given
    result = sm_magics.export(Weighted(), tmp_path / "out", options=given)
    assert (result.path / "debug").is_dir()
    assert sorted(result.inspection.tags) == ["serve", "x"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"extra_tags": "foo"}, r"extra_tags takes a list: \['foo'\]"),
        ({"experimental_io_device": "/job:nope"}, "is no device here"),
        ({"save_debug_info": "yes"}, "save_debug_info is True or False"),
        ({"experimental_custom_gradients": "no"}, "custom_gradients is True or False"),
    ],
)
def test_the_fields_of_saveoptions_are_checked_too(tmp_path, fields, message):
    given = tf.saved_model.SaveOptions(**fields)
    with pytest.raises(ValueError, match=message):
        sm_magics.export(Weighted(), tmp_path / "out", options=given)
    assert not list(tmp_path.iterdir())


def test_a_field_that_this_tensorflow_lacks_says_since_when_it_is_there(monkeypatch):
    class Old:
        def __init__(self, save_debug_info=False):  # noqa: FBT002
            """Stand for SaveOptions of an older TensorFlow."""

    monkeypatch.setattr(tf.saved_model, "SaveOptions", Old)
    assert options.missing_fields()["extra_tags"] == "2.17"
    with pytest.raises(ValueError, match=r"extra_tags needs TensorFlow 2\.17; installed is"):
        options.save_options({"extra_tags": ["x"]})


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1", 1),
        ("512MB", 512 * 10**6),
        ("1.5GiB", 3 * 2**29),
        ("1.5 gib", 3 * 2**29),
        ("10k", 10**4),
        ("7 B", 7),
        (" 2Mi ", 2**21),
    ],
)
def test_sizes(text, size):
    assert options.parse_size(text) == size


@pytest.mark.parametrize("text", ["", "MB", "-1", "0", "0.1", "1 TB", "1e3", "1MBx", "½", "1..5k"])
def test_what_is_no_size(text):
    with pytest.raises(ValueError, match="is not a size; type one such as 512MB"):
        options.parse_size(text)
