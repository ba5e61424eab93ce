"""The private names by which a SavedModel is put together: each does what we rely on."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from sm_magics.savedmodel import tf_private
from sm_magics.savedmodel.tf_private import assembly, outer_graph


def module():
    made = tf.Module()
    made.weight = tf.Variable([1.0, 2.0], name="w")
    made.offset = tf.constant([3.0, 4.0])
    made.serve = tf.function(
        lambda x: tf.nn.silu(x) * made.weight + made.offset,
        input_signature=[tf.TensorSpec([None, 2], name="x")],
    )
    return made


def view(made):
    served = {"serving_default": made.serve.get_concrete_function()}
    return assembly.view(made, served, tf.saved_model.SaveOptions())


def kinds(one):
    return {type(node).__name__: number for number, node in enumerate(one.nodes)}


def test_a_view_lists_the_objects_the_root_first_and_traces_nothing_again():
    traced = []
    made = module()
    body = made.serve.python_function
    made.serve = tf.function(
        lambda x: (traced.append(1), body(x))[1], input_signature=[tf.TensorSpec([None, 2])]
    )
    one = view(made)
    assert one.nodes[0] is made
    assert dict(one.children(made)).keys() == {"weight", "serve", "signatures"}
    assert one.nodes[dict(one.children(made))["weight"]] is made.weight
    assert sorted(one.ordered()) == list(range(len(one.nodes)))
    assert traced == [1]
    assert list(one.signatures) == ["serving_default"]


def test_what_depends_on_others_comes_after_them():
    one = view(module())
    order = one.ordered()
    ids = kinds(one)
    assert order.index(ids["TrackableConstant"]) < order.index(ids["ConcreteFunction"])


def test_keys_and_names_of_variables():
    made = module()
    one = view(made)
    assert assembly.checkpoint_key(one, made.weight) == "weight/.ATTRIBUTES/VARIABLE_VALUE"
    assert assembly.shared_name(made.weight) == "w"
    np.testing.assert_array_equal(assembly.value(made.weight), [1.0, 2.0])


def test_which_objects_are_plain():
    assert assembly.is_plain_variable(tf.Variable(1.0))
    assert not assembly.is_plain_variable(tf.Module())
    with tf.distribute.MirroredStrategy(["/cpu:0"]).scope():
        assert not assembly.is_plain_variable(tf.Variable(1.0))
    node = tf.Module()
    node.parts, node.named = [tf.Module()], {"a": tf.Module()}
    for plain in (node, node.parts, node.named, module().serve):
        assert assembly.keeps_nothing(plain)
    table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
    iterator = iter(tf.data.Dataset.range(3))
    for other in (table, tf.saved_model.Asset(__file__), iterator):
        assert not assembly.keeps_nothing(other)


def test_an_optimizer_of_keras_2_has_slots():
    import tf_keras

    made = tf.train.Checkpoint(weight=tf.Variable(1.0))
    assert not assembly.has_slot_variables(assembly.view(made, {}, tf.saved_model.SaveOptions()))
    made.optimizer = tf_keras.optimizers.legacy.SGD(momentum=0.5)
    made.optimizer.apply_gradients([(tf.constant(1.0), made.weight)])
    assert assembly.has_slot_variables(assembly.view(made, {}, tf.saved_model.SaveOptions()))


def filled():
    """Make the graph of a module; return it, the view and the signatures."""
    made = module()
    one = view(made)
    graph = outer_graph.new_graph()
    mapped, tensors = assembly.identity_dictionary(), assembly.identity_dictionary()
    with graph.as_default():
        weight = dict(one.children(made))["weight"]
        outer_graph.add_handles(one, {weight: "a/b"}, tensors)
        for number in one.ordered():
            if number != weight:
                assembly.export_to_graph(one, number, mapped, tensors)
        signatures = assembly.signature_defs(one, mapped)
    assert tensors[made.weight.handle].name == "a/b:0"
    return graph, one, signatures


def test_a_graph_calls_the_signatures_with_what_stands_for_the_variables():
    graph, one, signatures = filled()
    (signature,) = signatures.values()
    assert signature.inputs["x"].name == "serving_default_x:0"
    graph_def = assembly.graph_def_with_shapes(graph)
    (handle,) = [node for node in graph_def.node if node.op == "VarHandleOp"]
    assert handle.attr["shared_name"].s == b"a/b"
    (call,) = [node for node in graph_def.node if node.op == "StatefulPartitionedCall"]
    assert handle.name in call.input
    assert call.attr["config_proto"].s == assembly.call_config()
    bodies = [function.node_def for function in graph_def.library.function]
    assert all("_output_shapes" in node.attr for body in bodies for node in body if node.input)
    assert {op.name for op in assembly.used_ops(graph_def).op} >= {"VarHandleOp", "Sigmoid"}
    objects = assembly.object_graph(one)
    assert objects.nodes[kinds(one)["ResourceVariable"]].variable.name == "w"
    assert objects.nodes[kinds(one)["TrackableConstant"]].constant.operation
    assembly.dismantle(graph)


def test_the_handles_of_variables_are_those_that_tensorflow_makes():
    made = tf.Module()
    made.parts = [
        tf.Variable([1.0, 2.0]),
        tf.Variable("text"),
        tf.Variable(tf.ones([1, 2]), shape=[None, 2]),
        tf.Variable([1], shape=tf.TensorShape(None)),
    ]
    one = assembly.view(made, {}, tf.saved_model.SaveOptions())
    names = {
        number: f"a/{number}"
        for number, node in enumerate(one.nodes)
        if tf_private.is_variable(node)
    }
    ours, theirs = tf.Graph(), tf.Graph()
    with ours.as_default():
        outer_graph.add_handles(one, names, assembly.identity_dictionary())
    with theirs.as_default():
        for number, name in names.items():
            variable = one.nodes[number]
            tf.raw_ops.VarHandleOp(
                dtype=variable.dtype,
                shape=variable.shape,
                shared_name=name,
                debug_name=name,
                name=f"{name}/",
            )
    assert assembly.graph_def_with_shapes(ours) == assembly.graph_def_with_shapes(theirs)
    assert len(ours.get_operations()) == 4


def test_a_call_has_the_shapes_of_its_function_and_no_others_are_inferred():
    traced = tf.function(lambda x: 2 * x).get_concrete_function(tf.TensorSpec([None]))
    shapes, nodes = [], []
    for graph in (outer_graph.new_graph(), tf.Graph()):
        with graph.as_default():
            shapes.append(traced(tf.constant([1.0, 2.0])).shape.as_list())
            nodes.append(graph.as_graph_def().node)
    assert shapes == [[None], [2]]
    assert nodes[0] == nodes[1]


def test_no_variables_need_no_handles():
    one = assembly.view(tf.Module(), {}, tf.saved_model.SaveOptions())
    with tf.Graph().as_default() as graph:
        outer_graph.add_handles(one, {}, assembly.identity_dictionary())
    assert not graph.get_operations()


def test_gradients_are_found_by_name_and_their_captures_told():
    graph, one, _ = filled()
    bodies = [function.cached_definition for function in assembly.library(graph)]
    (kind,) = {
        node.attr[assembly.GRADIENT_ATTRIBUTE].s
        for body in bodies
        for node in body.node_def
        if assembly.GRADIENT_ATTRIBUTE in node.attr
    }
    assert callable(assembly.gradient(kind))
    assert assembly.gradient(b"nothing is called so") is None
    before = len(one.nodes)
    constant = tf.constant(1.0)
    assert not assembly.alias_capture(one, constant, tf.constant(2.0))
    assembly.add_captured_tensor(one, constant, "x:0", b"body")
    assert len(one.nodes) == before + 1
    other = tf.constant(3.0)
    assert assembly.alias_capture(one, other, constant)


def test_tensors_inside_and_outside():
    value = tf.constant(2.0)
    made = tf.function(lambda x: x * value).get_concrete_function(tf.TensorSpec([]))
    (inside,) = made.graph.internal_captures
    assert assembly.captured_from(made.graph, inside) is value
    assert assembly.captured_from(made.graph, made.graph.inputs[0]) is None
    assert assembly.is_eager(value)
    assert not assembly.is_eager(inside)
    assert assembly.is_copiable(value)
    assert not assembly.is_copiable(tf.Variable(1.0).handle)


def test_a_registered_gradient_names_the_trace_and_the_op():
    concrete = tf.function(lambda x: x).get_concrete_function(tf.TensorSpec([]))
    registered = assembly.registered_gradient(b"CustomGradient-1", concrete)
    assert registered.gradient_func.encode() == concrete.name
    assert registered.registered_op_type == "CustomGradient-1"


def test_the_start_of_a_saved_model_has_a_signature():
    with tf.Graph().as_default():
        signature = assembly.op_signature(tf.no_op("start"), assembly.INIT_OP_KEY)
    assert signature.outputs[assembly.INIT_OP_KEY].name == "start"


def test_an_op_has_a_definition():
    assert assembly.op_def("MatMul").name == "MatMul"
    assert assembly.op_def("nothing is called so") is None
