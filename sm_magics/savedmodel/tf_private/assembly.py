"""Of writing a SavedModel: what `tf.saved_model.save` lists, names and calls on its way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

VARIABLE_KEY = "VARIABLE_VALUE"
"""What the one value of a variable is called in a checkpoint."""

_BASE_METHODS = ("_serialize_to_tensors", "_gather_saveables_for_checkpoint")


class View(NamedTuple):
    """The objects of a SavedModel, frozen: TensorFlow's `_SaveableView` and its signatures.

    Attributes
    ----------
    saveable : _SaveableView
        The objects in the order of their ids, and their children.
    signatures : dict of str to ConcreteFunction
        What a client calls, by key: a wrapper with named inputs and outputs around each function.
    defaults : dict
        Default values of the inputs, by key and name.
    """

    saveable: Any
    signatures: dict[str, Any]
    defaults: dict[str, Any]

    @property
    def nodes(self) -> list[Any]:
        """Return the objects, the root first."""
        return self.saveable.nodes  # type: ignore[no-any-return]

    @property
    def traces(self) -> list[Any]:
        """Return the traces that can be called after a load: ConcreteFunctions."""
        return list(self.saveable.concrete_functions)

    @property
    def options(self) -> Any:
        """Return the SaveOptions."""
        return self.saveable.options

    def children(self, node: Any) -> Iterator[tuple[str, int]]:
        """Yield the names and ids of what an object holds."""
        for name, child in self.saveable.augmented_graph_view.list_children(node):
            yield name, self.saveable.node_ids[child]

    def ordered(self) -> list[int]:
        """Return the ids of the objects, each after what it depends on."""
        from tensorflow.python.saved_model import save

        return list(save._dependency_sorted_node_ids(self.saveable))  # noqa: SLF001


def view(root: Any, served: Mapping[str, Any], options: Any) -> View:
    """List what a SavedModel of a root holds, as `tf.saved_model.save` does.

    Unlike there, it is done outside TensorFlow's save context, in which every tf.function would be
    traced again: the traces are those that there are.

    Parameters
    ----------
    root : Trackable
    served : dict of str to ConcreteFunction
    options : tf.saved_model.SaveOptions
    """
    from tensorflow.python.saved_model import save
    from tensorflow.python.saved_model import signature_serialization as serialization

    augmented = save._AugmentedGraphView(root)  # noqa: SLF001
    signatures, wrapped, defaults = serialization.canonicalize_signatures(dict(served))
    serialization.validate_augmented_graph_view(augmented)
    augmented.set_signature(serialization.create_signature_map(signatures), wrapped)
    return View(save._SaveableView(augmented, options), signatures, defaults)  # noqa: SLF001


def has_slot_variables(one: View) -> bool:
    """Tell whether an optimizer of Keras 2 keeps variables that belong to others."""
    return any(one.saveable._slot_variables.values())  # noqa: SLF001


def checkpoint_key(one: View, variable: Any) -> str:
    """Return what the value of a variable is called in the checkpoint."""
    from tensorflow.python.trackable import trackable_utils

    name = one.saveable.object_names[variable]
    return str(trackable_utils.checkpoint_key(name, VARIABLE_KEY))


def is_plain_variable(obj: Any) -> bool:
    """Tell whether an object is a tf.Variable of this process alone, with a value of its own."""
    from tensorflow.python.eager.polymorphic_function import polymorphic_function
    from tensorflow.python.ops.resource_variable_ops import ResourceVariable, UninitializedVariable

    # The last one is what a variable is that was made while a tf.function was traced.
    known = (
        ResourceVariable,
        UninitializedVariable,
        polymorphic_function.UnliftedInitializerVariable,
    )
    return type(obj) in known and getattr(obj, "_save_slice_info", None) is None


def keeps_nothing(obj: Any) -> bool:
    """Tell whether a checkpoint stores nothing for an object but the names of its children."""
    from tensorflow.python.saved_model import registration
    from tensorflow.python.trackable.asset import Asset
    from tensorflow.python.trackable.base import Trackable
    from tensorflow.python.trackable.resource import CapturableResource

    kind = type(obj)
    if isinstance(obj, Asset | CapturableResource) or registration.get_registered_saver_name(obj):
        return False
    return all(getattr(kind, name) is getattr(Trackable, name) for name in _BASE_METHODS)


def shared_name(variable: Any) -> str:
    """Return the name that a variable has in graphs."""
    return str(variable._shared_name)  # noqa: SLF001


def value(variable: Any) -> Any:
    """Return the value of a variable in the memory of the host; on a CPU nothing is copied."""
    import tensorflow as tf

    with tf.device("/cpu:0"):
        return variable.read_value_no_copy()


def export_to_graph(one: View, node_id: int, object_map: Any, tensor_map: Any) -> None:
    """Let an object add what it is to the default graph: constants, functions."""
    obj = one.nodes[node_id]
    tensors = obj._export_to_saved_model_graph(  # noqa: SLF001
        object_map=object_map, tensor_map=tensor_map, options=one.saveable.options
    )
    for tensor in tensors or ():
        one.saveable.captured_tensor_node_ids[tensor] = node_id


def identity_dictionary() -> Any:
    """Return a mapping whose keys, such as tensors, are compared by identity."""
    from tensorflow.python.util import object_identity

    return object_identity.ObjectIdentityDictionary()


def signature_defs(one: View, object_map: Any) -> dict[str, Any]:
    """Call the signatures in the default graph, each with placeholders; return what tells so."""
    from tensorflow.python.saved_model import save

    return save._generate_signatures(one.signatures, object_map, one.defaults)  # type: ignore[no-any-return]  # noqa: SLF001


def object_graph(one: View) -> Any:
    """Return the SavedObjectGraph of a view, of which all functions were added to a graph."""
    from tensorflow.python.saved_model import save, save_context

    with save_context.save_context(one.saveable.options):
        return save._serialize_object_graph(one.saveable, {})  # noqa: SLF001


def graph_def_with_shapes(graph: Any) -> Any:
    """Return the GraphDef of a graph, in which every node has the shapes of its outputs."""
    graph_def, _ = graph._as_graph_def(add_shapes=True, use_pybind11_proto=False)  # noqa: SLF001
    return graph_def


def used_ops(graph_def: Any) -> Any:
    """Return the OpList of the ops that a GraphDef uses, without their descriptions."""
    from tensorflow.python.framework import meta_graph

    return meta_graph.stripped_op_list_for_graph(graph_def)


def op_def(kind: str) -> Any:
    """Return the OpDef of an op type; None if TensorFlow knows none."""
    from tensorflow.python.framework import op_def_registry

    return op_def_registry.get(kind)


def call_config() -> bytes:
    """Return the ConfigProto that TensorFlow gives to calls of functions, serialized."""
    from tensorflow.python.eager import context

    return bytes(context.context().function_call_options.config_proto_serialized)


def dismantle(graph: Any) -> None:
    """Free a graph at once: it is full of reference cycles."""
    from tensorflow.python.framework import ops

    ops.dismantle_graph(graph)


def write_fingerprint(directory: str) -> None:
    """Write `fingerprint.pb` for what stands in a directory."""
    from tensorflow.python.saved_model import fingerprinting_utils

    fingerprinting_utils.write_fingerprint(directory)


def add_checkpoint_marks(object_graph: Any) -> None:
    """Mark the nodes of a TrackableObjectGraph below which there are values."""
    from tensorflow.python.checkpoint import util

    util.add_checkpoint_values_check(object_graph)


INIT_OP_KEY = "__saved_model_init_op"
MAIN_OP_KEY = "saved_model_main_op"

GRADIENT_ATTRIBUTE = "_gradient_op_type"
"""What an op has whose gradient its author wrote."""


def library(graph: Any) -> list[Any]:
    """Return the functions of a graph that were traced here: AtomicFunctions."""
    return [function for function in graph._functions.values() if hasattr(function, "graph")]  # noqa: SLF001


def gradient(kind: bytes) -> Any:
    """Return the gradient function that is registered by a name; None if none is."""
    from tensorflow.python.framework import ops

    try:
        return ops.gradient_registry.lookup(kind)
    except LookupError:
        return None


def registered_gradient(kind: bytes, concrete: Any) -> Any:
    """Return the RegisteredGradient of a gradient that was traced."""
    from tensorflow.core.framework import function_pb2

    return function_pb2.RegisteredGradient(gradient_func=concrete.name, registered_op_type=kind)


def add_gradient(one: View, graph: Any, concrete: Any) -> None:
    """Add the trace of a gradient to a graph and to what is told of its functions."""
    concrete.add_to_graph(graph)
    one.saveable.gradient_functions.append(concrete)


def is_copiable(tensor: Any) -> bool:
    """Tell whether a captured tensor has to be told of; handles are found by their owners."""
    from tensorflow.python.saved_model import save

    return tensor.dtype not in save._UNCOPIABLE_DTYPES  # noqa: SLF001


def is_eager(tensor: Any) -> bool:
    """Tell whether a tensor has a value."""
    from tensorflow.python.framework import ops

    return isinstance(tensor, ops.EagerTensor)


def captured_from(graph: Any, tensor: Any) -> Any:
    """Return the tensor outside that one inside a function stands for; None if it is the body's."""
    for outside, inside in zip(graph.external_captures, graph.internal_captures, strict=True):
        if inside is tensor:
            return outside
    return None


def alias_capture(one: View, tensor: Any, known: Any) -> bool:
    """Tell that a tensor is one that the view knows; False if it knows none such."""
    ids = one.saveable.captured_tensor_node_ids
    if known not in ids:
        return False
    ids[tensor] = ids[known]
    return True


def add_captured_tensor(one: View, tensor: Any, name: str, function: Any) -> None:
    """Tell that a tensor is the one that a function calls so."""
    from tensorflow.python.saved_model import save

    node = save._CapturedTensor(name, function)  # noqa: SLF001
    one.saveable.add_capture_and_node(tensor, node)


def op_signature(operation: Any, key: str) -> Any:
    """Return the SignatureDef of an op without inputs and outputs."""
    from tensorflow.python.saved_model import signature_def_utils

    return signature_def_utils.op_signature_def(operation, key)
