"""Every private name of TensorFlow and Keras does what we take it to do; one test says which."""

from __future__ import annotations

import gc
import importlib
import shutil
import sys
import traceback

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from sm_magics.savedmodel import tf_private

VECTOR = tf.TensorSpec([None], tf.float32, name="x")
KERAS = {"Keras 3": keras, "Keras 2": tf_keras}


def concrete(function, *specs):
    return tf.function(function).get_concrete_function(*specs)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    class Module(tf.Module):
        def __init__(self):
            super().__init__()
            self.v = tf.Variable(1.0)

        @tf.function(input_signature=[VECTOR])
        def serve(self, x):
            return x * self.v.assign_add(1.0)

    path = str(tmp_path_factory.mktemp("saved"))
    module = Module()
    tf.saved_model.save(module, path, signatures=module.serve)
    return tf.saved_model.load(path)


def small(k):
    return k.Sequential([k.Input((3,)), k.layers.Dense(2)])


def test_input_names():
    specs = (tf.TensorSpec([], name="b"), tf.TensorSpec([], name="a"))
    assert tf_private.input_names(concrete(lambda x, y: x + y, *specs)) == ["b", "a"]


def test_traces():
    function = tf.function(lambda x: x + 1.0)
    assert tf_private.traces(function) == []
    function(tf.ones([2]))
    function(tf.ones([3]))
    shapes = {trace.inputs[0].shape[0] for trace in tf_private.traces(function)}
    assert shapes == {2, 3}


def test_name_and_called_names(tmp_path):
    inner = concrete(lambda x: x + 1.0, VECTOR)
    outer = concrete(lambda x: tf.cond(tf.size(x) > 1, lambda: inner(x), lambda: x), VECTOR)
    assert tf_private.name(inner).startswith("__inference_")
    assert tf_private.name(inner) in tf_private.called_names(outer)
    assert tf_private.name(outer) not in tf_private.called_names(outer)
    module = tf.Module()
    module.inner = inner
    tf.saved_model.save(module, str(tmp_path))
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    (graph,) = SavedModel.FromString((tmp_path / "saved_model.pb").read_bytes()).meta_graphs
    assert tf_private.name(inner) in {f.signature.name for f in graph.graph_def.library.function}


def test_custom_gradients():
    @tf.custom_gradient
    def steep(x):
        return x + 1.0, lambda upstream: upstream * 100.0

    graph = concrete(lambda x: steep(x) * 2.0, VECTOR).graph
    ((operation, gradient),) = tf_private.custom_gradients(graph)
    trace = tf.function(gradient).get_concrete_function(None, *operation.inputs)
    # An IdentityN of outputs and inputs carries the gradient.
    results = trace(None, tf.constant([3.0]), tf.constant([0.0]))
    np.testing.assert_allclose(results[-1], [300.0])
    assert tf_private.custom_gradients(concrete(lambda x: x + 1.0, VECTOR).graph) == []


def test_checkpoint_children():
    class Module(tf.Module):
        touched = False

        def __init__(self):
            super().__init__()
            self.v = tf.Variable(1.0)
            self.child = tf.Module()
            self.list = [tf.Variable(2.0)]

        @property
        def tempting(self):
            type(self).touched = True
            return tf.Variable(3.0)

        @tf.function(input_signature=[VECTOR])
        def serve(self, x):
            return x

    module = Module()
    children = tf_private.checkpoint_children(module)
    assert children["v"] is module.v
    assert children["child"] is module.child
    assert set(children) == {"v", "child", "list"}
    assert not Module.touched


def test_checkpoint_children_of_keras_layers_are_those_that_keras_lists():
    model = small(keras)
    for layer in (model, *model.layers):
        assert tf_private.checkpoint_children(layer) == layer._trackable_children("checkpoint")

    class Own(keras.layers.Layer):
        def _trackable_children(self, save_type="checkpoint", **kwargs):
            return {**super()._trackable_children(save_type, **kwargs), "more": variable}

    variable = tf.Variable(1.0)
    assert tf_private.checkpoint_children(Own())["more"] is variable


def test_keras_collections():
    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.blocks = [keras.layers.Dense(1), keras.layers.Dense(2)]
            self.by_name = {"a": keras.layers.Dense(3)}
            self.by_number = {1: keras.layers.Dense(4)}
            self.nested = [[keras.layers.Dense(5)]]
            self.number = 3
            self.numbers = [3, "three"]
            self.loop = [[4]]

    model = Model()
    vars(model)["loop"][0].append(vars(model)["loop"])
    found = tf_private.keras_collections(model)
    assert {"blocks", "by_name", "nested"} <= set(found)
    # Keras lists those of every layer, and none of what is in it is a trackable.
    assert not {"by_number", "numbers", "loop", "_losses"} & set(found)
    assert {"numbers", "_losses"} <= set(model._tracked)
    children = tf_private.checkpoint_children(found["blocks"])
    assert list(children.values()) == list(model.blocks)
    # What this is for: Keras does not show these to `tf.train.Checkpoint`.
    assert "blocks" not in tf_private.checkpoint_children(model)


def test_is_trackable():
    for obj in (
        tf.Module(),
        small(keras),
        small(tf_keras),
        tf.train.Checkpoint(),
        tf.Variable(1.0),
    ):
        assert tf_private.is_trackable(obj)
    for obj in (object(), 3, [], {}, tf.ones([]), tf.Module):
        assert not tf_private.is_trackable(obj)


def test_track_and_new_node(tmp_path):
    node, variable = tf_private.new_node(), tf.Variable(5.0)
    tf_private.track(node, "no identifier/at all", variable)
    assert tf_private.checkpoint_children(node)["no identifier/at all"] is variable
    node.attribute = tf.Variable(6.0)
    tf.saved_model.save(node, str(tmp_path))
    names = [name for name, _ in tf.train.list_variables(str(tmp_path / "variables/variables"))]
    assert "no identifier.Sat all/.ATTRIBUTES/VARIABLE_VALUE" in names
    assert "attribute/.ATTRIBUTES/VARIABLE_VALUE" in names
    other = tf.Variable(7.0)
    tf_private.track(node, "no identifier/at all", other)
    assert tf_private.checkpoint_children(node)["no identifier/at all"] is other


def test_a_new_node_has_the_functions_that_it_is_given_and_no_other_attribute_is_looked_at(
    tmp_path,
):
    node = tf_private.new_node()
    node.twice = tf.function(lambda x: 2 * x, input_signature=[tf.TensorSpec([])])
    assert set(dir(node)) == set(vars(node)) > {"twice"}
    tf.saved_model.save(node, str(tmp_path))
    assert tf.saved_model.load(str(tmp_path)).twice(2.0).numpy() == 4.0
    assert tf_private.is_made_node(node)
    assert not tf_private.is_made_node(tf.Module())


def test_new_container(tmp_path):
    holder = tf.Module()
    holder.list, holder.dict, holder.tuple = [1], {"a": 1}, (tf.Variable(1.0),)
    new_list = tf_private.new_container(holder.list)
    new_list.append(tf.Variable(1.0))
    new_dict = tf_private.new_container(holder.dict)
    new_dict["key"] = tf.Variable(2.0)
    node = tf_private.new_node()
    node.list, node.dict = new_list, new_dict
    tf.saved_model.save(node, str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path))
    assert loaded.list[0].numpy() == 1.0
    assert loaded.dict["key"].numpy() == 2.0
    assert tf_private.new_container(holder) is None


def test_inside_function():
    seen = []
    tf.function(lambda: seen.append(tf_private.inside_function()))()
    assert seen == [True]
    assert not tf_private.inside_function()


def test_written_resources():
    read, written = tf.Variable(1.0), tf.Variable(1.0)

    @tf.function
    def inner():
        return written.assign_add(read)

    def outer():
        for _ in tf.range(2):
            inner()

    found = tf_private.written_resources(concrete(outer))
    assert [id(handle) for handle in found] == [id(written.handle)]


def test_written_resources_of_a_loaded_function(loaded):
    function = loaded.signatures["serving_default"]
    assert [id(h) for h in tf_private.written_resources(function)] == [id(loaded.v.handle)]


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "string", "int64"])
def test_variable_dtype(dtype):
    variable = tf.Variable(tf.zeros([2], dtype))
    assert tf_private.variable_dtype(variable.handle) == dtype
    table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
    assert tf_private.variable_dtype(table.resource_handle) is None


def test_variable_dtype_of_a_placeholder(loaded):
    graphs = tf_private.nested_graphs(loaded.signatures["serving_default"])
    handles = [
        handle
        for graph in graphs
        for operation in graph.get_operations()
        for handle in operation.inputs
        if handle.dtype == tf.resource
    ]
    assert handles
    assert all(tf_private.variable_dtype(handle) == tf.float32 for handle in handles)


def test_table_writers():
    table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
    variable = tf.Variable(1.0)

    def body(x):
        variable.assign_add(1.0)
        table.insert(x, table.lookup(x))
        return table.size()

    function = concrete(body, tf.TensorSpec([None], tf.string))
    assert tf_private.table_writers(function.graph) == ["LookupTableInsertV2"]


def test_nested_graphs(loaded):
    @tf.function
    def inner(x):
        x = tf.cond(x > 0.0, lambda: tf.sin(x), lambda: tf.cos(x))
        return tf.switch_case(tf.cast(x, tf.int32), [lambda: tf.tan(x), lambda: tf.tanh(x)])

    graphs = tf_private.nested_graphs(concrete(lambda x: inner(x) + 1.0, tf.TensorSpec([])))
    types = {operation.type for graph in graphs for operation in graph.get_operations()}
    assert {"AddV2", "Sin", "Cos", "Tan", "Tanh"} <= types
    graphs = tf_private.nested_graphs(loaded.signatures["serving_default"])
    types = {operation.type for graph in graphs for operation in graph.get_operations()}
    assert {"AssignAddVariableOp", "Mul"} <= types


@pytest.mark.parametrize(("k", "source"), [(keras, "assumed"), (tf_keras, "call")])
def test_save_spec(k, source):
    class Model(k.Model):
        def call(self, left, right=None):
            return left["a"] if right is None else right

    model = Model()
    assert tf_private.save_spec(model) is None
    model({"a": tf.ones([2, 3])})
    structures, by_name, said = tf_private.save_spec(model)
    (spec,) = tf.nest.flatten(structures)
    assert (by_name, said) == ({}, source)
    assert (spec.shape[1:], spec.dtype) == ([3], tf.float32)


def test_save_spec_by_name():
    class Old(tf_keras.Model):
        def call(self, left, scale, right):
            return left * scale + right

    model = Old()
    model(tf.ones([2, 3]), 2.0, right=tf.ones([2, 1]))
    (left, scale), by_name, _ = tf_private.save_spec(model)
    assert (left.shape, scale, by_name["right"].shape) == ([2, 3], None, [2, 1])

    class New(keras.Model):
        def call(self, left, right):
            return left + right

        def build(self, left_shape, right_shape):
            pass

    model = New()
    model(tf.ones([2, 3]), tf.ones([2, 1]))
    (left,), by_name, _ = tf_private.save_spec(model)
    assert (left.shape, by_name["right"].shape) == ([2, 3], [2, 1])


@pytest.mark.parametrize("k", [keras, tf_keras])
def test_input_is_inferred(k):
    deferred = k.Sequential([k.layers.Dense(2)])
    deferred.build((None, 3))
    assert tf_private.input_is_inferred(deferred)
    for first in (k.Input((3,)), k.Input((3,), name="x", dtype="float32")):
        assert not tf_private.input_is_inferred(k.Sequential([first, k.layers.Dense(2)]))


def test_encoding_error(tmp_path):
    def error(body, argument):
        module = tf.Module()
        module.f = tf.function(body)
        trace = module.f.get_concrete_function(argument)
        found = tf_private.encoding_error(trace)
        if found is None:
            tf.saved_model.save(module, str(tmp_path), signatures={})
        else:
            with pytest.raises(Exception, match=r"bad argument|No encoder"):
                tf.saved_model.save(module, str(tmp_path), signatures={})
        return found

    ones = tf.ones([2])
    assert error(lambda x: {"a": [x, None, {"b": x}]}, ones) is None
    assert error(lambda x: [x, {7: x}], ones).startswith("its outputs have the key 7")
    assert error(lambda x: x[7], {7: ones}).startswith("its arguments have the key 7")
    array = error(lambda x: tf.TensorArray(tf.float32, 1).write(0, x), ones)
    assert array.startswith("its outputs have a value")


def test_function_name():
    @tf.function
    def half(x):
        return x / 2.0

    assert tf_private.function_name(half) == "half"
    assert tf_private.function_name(half.get_concrete_function(tf.ones([]))) == "half"
    assert tf_private.function_name(tf.function(lambda x: x)) == "the lambda"


@pytest.mark.parametrize("k", [keras, tf_keras])
def test_history_name(k):
    inputs = k.Input((3,), name="x")
    outputs = k.layers.Dense(2, name="out")(inputs)
    assert tf_private.history_name(inputs) == "x"
    assert tf_private.history_name(outputs) == "out"
    assert tf_private.history_name(tf.ones([])) is None


def test_raw_variable():
    variable = small(keras).trainable_variables[0]
    raw = tf_private.raw_variable(variable)
    assert isinstance(raw, tf.Variable)
    np.testing.assert_array_equal(raw.numpy(), variable.numpy())


def test_keras_variable_class(monkeypatch):
    cls = tf_private.keras_variable_class()
    assert all(isinstance(variable, cls) for variable in small(keras).variables)
    assert not isinstance(tf.Variable(1.0), cls)
    monkeypatch.delitem(sys.modules, cls.__module__)
    for name in list(sys.modules):
        if name.startswith("keras.src.backend.common.variables"):
            monkeypatch.delitem(sys.modules, name)
    assert tf_private.keras_variable_class() is None


@pytest.mark.parametrize(("module", "name"), tf_private.CLASS_ROLES)
def test_class_roles(module, name):
    cls = getattr(importlib.import_module(module), name)
    assert isinstance(cls, type)
    assert cls.__name__ == name


def test_revived_class(loaded):
    names = [(cls.__module__, cls.__name__) for cls in type(loaded).__mro__]
    assert tf_private.REVIVED_CLASS in names


def test_storage_fields(loaded):
    module = tf.Module()
    module.list, module.dict = [1], {"a": 1}
    kept = [vars(obj) for obj in (module.list, loaded.signatures)]
    assert "_storage" in kept[0]
    assert "_signatures" in kept[1]
    assert set(tf_private.STORAGE_FIELDS) == {"_storage", "_signatures"}


@pytest.mark.parametrize("framework", KERAS)
def test_layer_fields(framework):
    k = KERAS[framework]

    class Layer(k.layers.Layer):
        def __init__(self):
            super().__init__()
            self.dense = k.layers.Dense(2)

        def build(self, shape):
            self.own = self.add_weight(shape=(2,), name="own")
            self.frozen = self.add_weight(shape=(2,), name="frozen", trainable=False)
            self.dense.build(shape)

    layer = Layer()
    layer.build((None, 3))
    fields = vars(layer)
    assert set(tf_private.LAYER_FIELDS[framework]) <= set(fields)
    trainable, frozen = (fields[name] for name in tf_private.LAYER_FIELDS[framework][:2])
    assert next(iter(trainable)) is layer.own
    assert next(iter(frozen)) is layer.frozen
    assert any(one is layer.dense for one in fields[tf_private.LAYER_FIELDS[framework][-1]])


@pytest.mark.parametrize("framework", KERAS)
def test_layers_field(framework):
    model = small(KERAS[framework])
    kept = vars(model)[tf_private.LAYERS_FIELD[framework]]
    assert all(any(one is layer for one in kept) for layer in model.layers)


def test_inner_variable_fields():
    assert "_value" in vars(small(keras).trainable_variables[0])
    with tf.distribute.MirroredStrategy(["/cpu:0"]).scope():
        mirrored = tf.Variable(1.0)
    assert "_values" in vars(mirrored)
    from tf_keras.src.mixed_precision.autocast_variable import create_autocast_variable

    assert "_variable" in vars(create_autocast_variable(tf.Variable(1.0)))
    assert set(tf_private.INNER_VARIABLE_FIELDS) == {"_value", "_variable", "_values"}


@pytest.mark.parametrize("framework", KERAS)
def test_keras_own_functions(framework):
    model = small(KERAS[framework])
    model.compile("sgd", "mse")
    data = np.ones((2, 3), "float32")
    model.fit(data, data[:, :2], verbose=0)
    model.evaluate(data, data[:, :2], verbose=0)
    model.predict(data, verbose=0)
    made = {
        name
        for name, value in vars(model).items()
        if type(value).__name__ in {"Function", "ConcreteFunction"}
    }
    assert made
    assert made <= tf_private.KERAS_OWN_FUNCTIONS


@pytest.mark.parametrize(
    ("shape", "dtype", "size"), [((2, 3), "float32", 24), ((), "int64", 8), ((4,), "bool", 4)]
)
def test_nbytes(shape, dtype, size):
    variable = tf.Variable(tf.zeros(shape, dtype))
    assert tf_private.nbytes(vars(variable)["_shape"], vars(variable)["_dtype"]) == size


def test_nbytes_that_are_not_known():
    assert tf_private.nbytes([None, 2], "float32") == 0
    assert tf_private.nbytes([2], "string") == 0


def test_autograph_keeps_what_was_said_and_where():
    @tf.function
    def inner(x):
        return x.no_such_attribute

    with pytest.raises(AttributeError) as caught:
        inner.get_concrete_function(tf.TensorSpec([], tf.float32))
    error = caught.value
    assert str(error).startswith("in user code:")
    assert "in user code" not in tf_private.autograph_cause(error)
    assert "no_such_attribute" in tf_private.autograph_cause(error)
    line = inner.python_function.__code__.co_firstlineno + 2
    frames = tf_private.autograph_frames(error)
    assert frames[0] == (__file__, line, "inner")
    assert frames[-1][2] == "__getattr__"  # TensorFlow's own, innermost last
    ran = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    assert any(tf_private.AUTOGRAPH_FILE in path for path in ran)
    assert tf_private.autograph_cause(ValueError("x")) is None
    assert tf_private.autograph_frames(ValueError("x")) == []


def test_handles_of_variables_and_tables_are_what_functions_capture():
    table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(["a"], [1]), 0)
    variable = tf.Variable(2.0)

    @tf.function(input_signature=[tf.TensorSpec([], tf.string)])
    def both(word):
        return tf.cast(table.lookup(word), tf.float32) * variable

    captured = {id(t) for t in both.get_concrete_function().captured_inputs}
    assert {id(h) for h in tf_private.handles(table) + tf_private.handles(variable)} <= captured
    assert tf_private.handles(tf.Module()) == []
    fields = [tf_private.HANDLE_FIELDS[0] in vars(variable)]
    fields.append(vars(table)[tf_private.HANDLE_FIELDS[1]] is tf_private.handles(table)[0])
    assert all(fields)
    found = tf_private.owners(both.get_concrete_function())
    assert any(one is table for one in found)
    assert any(one is variable for one in found)


def test_iterators_of_datasets_are_told_from_datasets():
    dataset = tf.data.Dataset.range(3)
    assert tf_private.is_iterator(iter(dataset))
    assert not tf_private.is_iterator(dataset)


def test_a_method_that_outlived_its_object_is_known():
    class Owner(tf.Module):
        @tf.function(input_signature=[])
        def one(self):
            return tf.constant(1)

    owner = Owner()
    kept = owner.one
    assert not tf_private.owner_is_gone(kept)
    lost = Owner().one
    gc.collect()
    assert tf_private.owner_is_gone(lost)
    assert not tf_private.owner_is_gone(tf.function(lambda: 1))


def test_functions_of_a_loaded_model_are_known(tmp_path):
    module = tf.Module()
    module.one = tf.function(lambda: tf.constant(1), input_signature=[])
    assert not tf_private.is_restored(module.one)
    assert not tf_private.is_restored_trace(module.one.get_concrete_function())
    tf.saved_model.save(module, str(tmp_path / "m"), signatures=module.one)
    loaded = tf.saved_model.load(str(tmp_path / "m"))
    assert tf_private.is_restored(loaded.one)
    assert tf_private.is_restored_trace(loaded.signatures["serving_default"])


def test_a_missing_asset_is_told_by_its_path(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("a\n")
    asset = tf.saved_model.Asset(str(path))
    assert tf_private.missing_asset(asset) is None
    path.unlink()
    assert tf_private.missing_asset(asset) == tf_private.asset_path(asset) == str(path)
    assert tf_private.missing_asset(tf.Variable(1)) is None
    assert tf_private.asset_path(tf.Variable(1)) is None


def test_parameters_are_those_of_the_python_function():
    @tf.function
    def scale(x, factor, *, offset=1):
        return x * factor + offset

    concrete = scale.get_concrete_function(tf.TensorSpec([]), 3, offset=2)
    assert tf_private.parameters(concrete) == ["x", "factor", "offset"]


def test_a_fingerprint_tells_a_mixed_export_and_can_be_renewed(tmp_path):
    module = tf.Module()
    module.v = tf.Variable([1.0, 2.0])
    tf.saved_model.save(module, str(tmp_path / "a"))
    assert not tf_private.is_mixed_export(str(tmp_path / "a"))
    module.w = tf.Variable([3.0])
    tf.saved_model.save(module, str(tmp_path / "b"))
    for file in (tmp_path / "b" / "variables").iterdir():
        shutil.copy(file, tmp_path / "a" / "variables")
    assert tf_private.is_mixed_export(str(tmp_path / "a"))
    tf_private.renew_fingerprint(str(tmp_path / "a"))
    assert not tf_private.is_mixed_export(str(tmp_path / "a"))
    assert not tf_private.is_mixed_export(str(tmp_path))


def test_schemes_are_those_that_tensorflow_knows():
    assert {"", "file"} <= set(tf_private.schemes())


def test_the_states_of_a_stateful_tf_keras_rnn_are_a_collection():
    layer = tf_keras.layers.LSTM(2, stateful=True)
    tf_keras.Sequential([tf_keras.Input(batch_shape=(1, 3, 4)), layer])
    assert len(tf_private.keras_collections(layer)["states"]) == 2
    assert "states" not in tf_private.keras_collections(tf_keras.layers.LSTM(2))


def test_the_owner_of_a_method_before_and_after_a_trace():
    class Owner(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None])])
        def serve(self, x):
            return x

    owner = Owner()
    serve = owner.serve
    assert tf_private.method_owner(serve) is owner
    serve(tf.ones([1]))
    assert tf_private.method_owner(serve) is owner
    assert tf_private.method_owner(tf.function(lambda: 1)) is None
    del owner
    gc.collect()
    assert tf_private.owner_is_gone(serve)
    assert tf_private.method_owner(serve) is None


def test_the_handle_of_a_vocabulary_is_that_of_its_table():
    words = tf.lookup.KeyValueTensorInitializer(["a"], tf.constant([0], tf.int64))
    vocabulary = tf.lookup.StaticVocabularyTable(words, 1)
    assert vars(vocabulary)[tf_private.TABLE_FIELD] is not None
    (handle,) = tf_private.handles(vocabulary)
    assert handle is vocabulary.resource_handle


def test_the_captured_handles_of_deleted_variables():
    kept = [tf.Variable(1.0), tf.Variable(2.0)]
    trace = concrete(lambda x: x * kept[0] * kept[1], VECTOR)
    first, second = kept
    assert tf_private.deleted(trace) == set()
    handles = [id(variable.handle) for variable in kept]
    del second
    kept.pop()
    gc.collect()
    assert tf_private.deleted(trace) == {handles[1]}
    assert tf_private.owners(trace) == [first]


def test_the_uses_of_what_is_captured():
    v = tf.Variable(1.0)
    inner = tf.function(lambda x: x * v)
    bodies = {
        "a call": inner,
        "a condition": lambda x: tf.cond(tf.size(x) > 0, lambda: inner(x), lambda: x),
        "a case": lambda x: tf.switch_case(tf.size(x), [lambda: x, lambda: inner(x)]),
        "a loop": lambda x: tf.while_loop(lambda y: tf.size(y) < 0, lambda y: (inner(y),), (x,))[0],
    }
    for name, body in bodies.items():
        trace = concrete(body, VECTOR)
        (parameter,) = [inside for captured, inside in trace.graph.captures if captured is v.handle]
        first, *_, last = tf_private.uses(parameter)
        assert first.type == "ReadVariableOp", name
        assert last.graph is trace.graph, name


def test_the_seed_that_keras_draws_from():
    trace = concrete(lambda x: x + keras.random.normal(()), VECTOR)
    handle = tf_private.global_seed().handle
    assert any(captured is handle for captured in trace.captured_inputs)


def test_the_signatures_of_a_loaded_model(loaded):
    assert tf_private.is_signatures(loaded.signatures)
    assert not tf_private.is_signatures({})


def test_what_tracks_attributes():
    assert tf_private.is_auto_trackable(tf.Module())
    assert tf_private.is_auto_trackable(keras.layers.Dense(1))
    assert tf_private.is_auto_trackable(tf_keras.layers.Dense(1))
    assert not tf_private.is_auto_trackable(keras.metrics.Mean())
    assert not tf_private.is_auto_trackable(tf.Variable(1.0))


def test_keras_objects_and_their_state():
    for one in (keras.metrics.Mean(), keras.random.SeedGenerator(), tf_keras.layers.Dense(1)):
        assert tf_private.is_keras_object(one)
    variable = keras.Variable(1.0)
    assert tf_private.is_keras_variable(variable)
    assert not tf_private.is_keras_object(variable)
    assert len(tf_private.keras_state(keras.metrics.Mean())) == 2
    assert len(tf_private.keras_state(keras.random.SeedGenerator())) == 1


@pytest.mark.parametrize("jit", [True, False, None])
def test_what_xla_must_compile_is_known_and_the_function_stays_callable(jit):
    function = tf.function(tf.sin, input_signature=[tf.TensorSpec([None])], jit_compile=jit)
    concrete = function.get_concrete_function()
    assert tf_private.must_compile(concrete) is (jit is True)
    assert set(concrete.function_def.attr) & {"_XlaMustCompile"} == (
        set() if jit is None else {"_XlaMustCompile"}
    )
