"""Every private name of TensorFlow and Keras that we rely on, each with a test that it stands.

The tests are in `tests/engine/test_tf_private.py`: when a release moves a name, they say which.
"""

from __future__ import annotations

import contextlib
import inspect
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


def input_names(concrete: Any) -> list[str]:
    """Return the names that a signature made of this ConcreteFunction gives its inputs."""
    return [str(name) for name in concrete._arg_keywords]  # noqa: SLF001


def traces(function: Any) -> list[Any]:
    """Return the ConcreteFunctions that a tf.function has made so far; none is made here."""
    return list(function._list_all_concrete_functions())  # noqa: SLF001


def checkpoint_children(obj: Any) -> dict[str, Any]:
    """Return what `tf.train.Checkpoint` tracks under an object, by name.

    Unlike the listing for a SavedModel, it evaluates no property and traces no function.
    """
    return dict(obj._trackable_children(save_type="checkpoint"))  # noqa: SLF001


def handles(obj: Any) -> list[Any]:
    """Return the resource handles that a trackable owns: of a variable or table; none is made."""
    import tensorflow as tf
    from tensorflow.python.trackable.resource import CapturableResource

    if isinstance(obj, tf.Variable):
        replicas = getattr(obj, "_values", None) or [obj]  # of a distribution strategy
        return [replica.handle for replica in replicas]
    if isinstance(obj, CapturableResource):
        inner = vars(obj).get(TABLE_FIELD)
        return [obj._resource_handle] if inner is None else handles(inner)  # noqa: SLF001
    return []


HANDLE_FIELDS = ("_handle", "_resource_handle_value")
"""Where a variable and a table keep their resource handle in the instance dict."""
TABLE_FIELD = "_table"
"""Where a vocabulary (`tf.lookup.StaticVocabularyTable`) keeps the table whose handle it has."""


def is_iterator(obj: Any) -> bool:
    """Tell whether an object is an iterator over a `tf.data.Dataset`."""
    return any(cls.__name__ == "OwnedIterator" for cls in type(obj).__mro__)


def is_restored(function: Any) -> bool:
    """Tell whether a tf.function comes from a loaded SavedModel: it has traces that it hides."""
    return type(function).__name__ == "RestoredFunction"


def is_signatures(obj: Any) -> bool:
    """Tell whether an object is the `signatures` of a loaded SavedModel."""
    return type(obj).__name__ == "_SignatureMap"


def method_owner(function: Any) -> Any:
    """Return the object that a tf.function is a method of; None if it is none, or that is gone."""
    reference = _method_owner(function)
    return None if reference is None else reference()


def owner_is_gone(function: Any) -> bool:
    """Tell whether a tf.function is the method of an object that was deleted.

    TensorFlow binds the methods of an object weakly: ``f = M().f`` keeps no ``M``.
    """
    reference = _method_owner(function)
    return reference is not None and reference() is None


def _method_owner(function: Any) -> Any:
    """Return TensorFlow's weak reference to the owner of a method."""
    python = getattr(function, "python_function", None)
    # Once traced it is wrapped twice.
    bound = None if python is None else inspect.unwrap(python)
    return getattr(getattr(bound, "__self__", None), "weakrefself_target__", None)


def keras_collections(layer: Any) -> dict[str, Any]:
    """Return what a Keras layer holds beyond its checkpoint, as trackables, by name.

    The lists and dicts of layers of a Keras 3 layer, and the states of a `tf_keras` RNN: Keras
    hands them to TensorFlow only for a SavedModel; `tf.train.Checkpoint` never sees them.
    """
    import tensorflow as tf

    found: dict[str, Any] = {}
    if getattr(layer, "stateful", False) and _is_tf_keras(layer) and hasattr(layer, "states"):
        found["states"] = tf.__internal__.tracking.wrap(tf.nest.flatten(layer.states))
    for name in getattr(layer, "_tracked", ()):
        value = vars(layer).get(name)
        if isinstance(value, dict) and not all(isinstance(key, str) for key in value):
            continue
        if isinstance(value, dict | list | set):
            plain = dict(value) if isinstance(value, dict) else list(value)
            found[name] = tf.__internal__.tracking.wrap(plain)
    return found


def is_trackable(obj: Any) -> bool:
    """Tell whether TensorFlow can put an object at the root of a SavedModel."""
    from tensorflow.python.trackable.base import Trackable

    # By MRO: isinstance would run the `__class__` property of a proxy.
    return Trackable in type(obj).__mro__


def track(node: Any, name: str, child: Any) -> None:
    """Make `child` a dependency of `node` under any name, be it an identifier or not."""
    node._track_trackable(child, name, overwrite=True)  # noqa: SLF001


def new_node() -> Any:
    """Return an empty trackable node."""
    import tensorflow as tf

    return tf.__internal__.tracking.AutoTrackable()


def new_container(like: Any) -> Any:
    """Return an empty trackable list or dict, as the given one is; None if it is neither."""
    import tensorflow as tf

    for kind in (list, dict):
        if isinstance(like, kind):
            return tf.__internal__.tracking.wrap(kind())
    return None


def inside_function() -> bool:
    """Tell whether Python is tracing a tf.function just now."""
    from tensorflow.python.framework import ops

    return bool(ops.inside_function())


def written_resources(concrete: Any) -> list[Any]:
    """Return the captured resource handles that a ConcreteFunction may write to.

    TensorFlow keeps the read-only inputs of calls and control flow up to date for its automatic
    control dependencies; asking it sees through nested functions.
    """
    from tensorflow.python.framework.auto_control_deps_utils import (
        get_read_write_resource_inputs,
    )

    graph = concrete.graph
    outer = {id(inner): captured for captured, inner in graph.captures}
    written = {}
    for operation in graph.get_operations():
        if operation.type in _NO_WRITE or not operation.inputs:
            continue
        for tensor in get_read_write_resource_inputs(operation)[1]:
            captured = outer.get(id(tensor))
            if captured is not None:
                written[id(captured)] = captured
    return list(written.values())


_NO_WRITE = frozenset({"Placeholder", "Const", "ReadVariableOp", "Identity", "NoOp"})
# Reads, although TensorFlow's own list of those (`RESOURCE_READ_OPS`) leaves them out.
_TABLE_READS = frozenset({"LookupTableFindV2", "LookupTableSizeV2", "LookupTableExportV2"})


def variable_dtype(handle: Any) -> Any:
    """Return the dtype of the variable behind a resource handle; None if there is no variable."""
    from tensorflow.python.ops.handle_data_util import get_handle_data

    known = get_handle_data(handle)
    if known is None or not known.is_set:
        return None
    import tensorflow as tf

    return tf.as_dtype(known.shape_and_type[0].dtype)


def variable_shape(handle: Any) -> Any:
    """Return the static shape of the variable behind a resource handle; None if none is known."""
    from tensorflow.python.ops.handle_data_util import get_handle_data

    known = get_handle_data(handle)
    if known is None or not known.is_set:
        return None
    import tensorflow as tf

    return tf.TensorShape(known.shape_and_type[0].shape)


def uses(tensor: Any) -> Iterator[Any]:
    """Yield the ops that use a tensor of a graph; those in a function before what calls it."""
    for operation in tensor.consumers():
        for index, given in enumerate(operation.inputs):
            if given is tensor:
                for parameter in _parameters(operation, index):
                    yield from uses(parameter)
        yield operation


def _parameters(operation: Any, index: int) -> list[Any]:
    # The first input of a condition chooses the branch.
    index -= operation.type in ("If", "StatelessIf", "Case", "StatelessCase")
    control = operation.type in ("While", "StatelessWhile", "If", "StatelessIf", "Case")
    if index < 0 or not (control or operation.type.endswith("PartitionedCall")):
        return []
    graphs = [function_graph(operation.graph, name) for name in _called(operation)]
    return [graph.inputs[index] for graph in graphs if graph is not None]


def global_seed() -> Any:
    """Return the variable that Keras 3 draws from where no seed is given; None if there is none."""
    module = sys.modules.get("keras.src.backend.common.global_state")
    generator = module and module.get_global_attribute("global_seed_generator")
    return None if generator is None else raw_variable(generator.state)


def is_keras_object(obj: Any) -> bool:
    """Tell whether an object is of a Keras class: a layer, metric, seed; but no variable."""
    theirs = any(
        cls.__module__.startswith(("keras.src.", "tf_keras.")) for cls in type(obj).__mro__
    )
    return theirs and not is_keras_variable(obj)


def is_keras_variable(obj: Any) -> bool:
    """Tell whether an object is a Keras 3 variable, which wraps a tf.Variable."""
    known = keras_variable_class()
    return known is not None and issubclass(type(obj), known)


def keras_state(obj: Any) -> list[Any]:
    """Return the variables of a Keras 3 layer, metric or seed.

    None of a `tf_keras` object: TensorFlow tracks these as they are.
    """
    if _is_tf_keras(obj):
        return []
    if hasattr(obj, "variables"):
        return list(obj.variables)
    return [obj.state] if hasattr(obj, "state") else []


def is_auto_trackable(obj: Any) -> bool:
    """Tell whether an object tracks whatever is assigned to it: modules, layers, checkpoints."""
    import tensorflow as tf

    return tf.__internal__.tracking.AutoTrackable in type(obj).__mro__


def parameters_called(operation: Any, index: int) -> list[Any]:
    """Return what input `index` of a call op is inside of the function that it calls."""
    if operation.type not in ("PartitionedCall", "StatefulPartitionedCall"):
        return []
    (name,) = _called(operation)
    inner = function_graph(operation.graph, name)
    return [] if inner is None else [inner.inputs[index]]


def strategy_of(variable: Any) -> Any:
    """Return the distribution strategy that made a variable; None if none did."""
    return getattr(raw_variable(variable), "_distribute_strategy", None)


def is_chief(resolver: Any) -> bool:
    """Tell whether this process is the chief of a cluster."""
    kind, number = resolver.task_type, resolver.task_id
    jobs = resolver.cluster_spec().as_dict()
    return kind in (None, "chief") or ("chief" not in jobs and kind == "worker" and number == 0)


def saves_devices(options: Any) -> bool:
    """Tell whether `tf.saved_model.SaveOptions` keep the devices of variables."""
    policy = getattr(options, "experimental_variable_policy", None)
    return policy is not None and bool(policy._save_variable_devices())  # noqa: SLF001


def must_compile(concrete: Any) -> bool:
    """Tell whether XLA must compile the function behind a ConcreteFunction (``jit_compile``)."""
    definition = getattr(concrete, "function_def", None)
    # To read an attribute that is not there would add it, and break the function.
    if definition is None or "_XlaMustCompile" not in definition.attr:
        return False
    return bool(definition.attr["_XlaMustCompile"].b)


def is_variable(obj: Any) -> bool:
    """Tell whether a trackable is a tf.Variable."""
    import tensorflow as tf

    return isinstance(obj, tf.Variable)


def default_attributes(op: str) -> dict[str, Any]:
    """Return the default values (AttrValue) of an op's attributes by name; none if it is unknown.

    A save strips the attributes that have them.
    """
    from tensorflow.python.framework import op_def_registry

    known = op_def_registry.get(op)
    if known is None:
        return {}
    return {one.name: one.default_value for one in known.attr if one.HasField("default_value")}


def function_graph(graph: Any, name: str) -> Any:
    """Return the FuncGraph of a function that a graph names; None where TensorFlow kept none."""
    if graph is None:
        return None
    return getattr(graph._get_function(name), "graph", None)  # noqa: SLF001


def table_writers(graph: Any) -> list[str]:
    """Return the types of a graph's own ops that may write to a resource that is no variable."""
    from tensorflow.python.framework.auto_control_deps_utils import (
        get_read_write_resource_inputs,
    )

    return [
        operation.type
        for operation in graph.get_operations()
        if operation.type not in _NO_WRITE | _TABLE_READS
        and not _called(operation)
        and any(
            variable_dtype(handle) is None
            for handle in get_read_write_resource_inputs(operation)[1]
        )
    ]


def name(concrete: Any) -> str:
    """Return what a ConcreteFunction is called in a graph's library."""
    written = concrete.name  # bytes, of a ConcreteFunction
    return written.decode() if isinstance(written, bytes) else str(written)


def nested_graphs(concrete: Any) -> list[Any]:
    """Return the FuncGraphs that a ConcreteFunction runs: its own and those that it calls."""
    return [graph for graph in _nested(concrete).values() if graph is not None]


def called_names(concrete: Any) -> set[str]:
    """Return the names of the functions that a ConcreteFunction calls, and those that they call."""
    return set(_nested(concrete)) - {""}


def _nested(concrete: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"": concrete.graph}
    queue = [concrete.graph]
    while queue:
        graph = queue.pop()
        for operation in graph.get_operations():
            for name in _called(operation):
                if name not in found:
                    definition = graph._get_function(name)  # noqa: SLF001
                    inner = getattr(definition, "graph", None)
                    found[name] = inner
                    if inner is not None:
                        queue.append(inner)
    return found


def _called(operation: Any) -> list[str]:
    # The OpDef says which attributes hold functions, so no list of call ops is kept by hand.
    names: list[str] = []
    for attribute in operation.op_def.attr:
        if attribute.type == "func":
            names.append(operation.get_attr(attribute.name).name)
        elif attribute.type == "list(func)":
            names.extend(function.name for function in operation.get_attr(attribute.name))
    return names


def custom_gradients(graph: Any) -> list[tuple[Any, Any]]:
    """Return the ops of a graph that have a gradient of their own, each with its function.

    The function takes None (for the op) and the gradients of the outputs: `tf.custom_gradient`
    registers one for each call.
    """
    from tensorflow.python.framework import ops

    found = []
    for operation in graph.get_operations():
        if _GRADIENT_ATTRIBUTE not in operation.node_def.attr:
            continue
        name = operation.get_attr(_GRADIENT_ATTRIBUTE)
        with contextlib.suppress(LookupError):
            found.append((operation, ops.gradient_registry.lookup(name)))
    return found


_GRADIENT_ATTRIBUTE = "_gradient_op_type"


def layers(model: Any) -> list[Any]:
    """Return a Keras model's layers, those of its layers too."""
    return list(model._flatten_layers(include_self=False))  # noqa: SLF001


def save_spec(model: Any) -> tuple[list[Any], dict[str, Any], str] | None:
    """Return what the first call of a subclassed Keras model told about its inputs.

    Returns
    -------
    tuple of (list, dict, str) or None
        A structure of tf.TypeSpec per positional argument of `call`, and per argument that is
        known by its name, with the batch size still as called; what was no tensor is None. Then
        where the dtypes come from: ``"call"`` if recorded, ``"assumed"`` if they are the model's
        own. None if nothing is known.
    """
    import tensorflow as tf

    if type(model).__module__.startswith("tf_keras") or _is_tf_keras(model):
        recorded = model._saved_model_arg_spec  # noqa: SLF001
        # In mixed precision what was called with float32 is cast before it is recorded.
        source = "call" if model.compute_dtype == model.variable_dtype else "assumed"
        return (list(recorded[0]), dict(recorded[1]), source) if recorded else None
    shapes = model._build_shapes_dict  # noqa: SLF001
    if not shapes:
        return None

    def specs(structure: Any) -> Any:
        if structure is None:
            return None
        if isinstance(structure, dict):
            return {name: specs(inner) for name, inner in structure.items()}
        if all(size is None or isinstance(size, int) for size in structure):
            return tf.TensorSpec(tuple(structure), model.input_dtype)
        return [specs(inner) for inner in structure]

    known = {name.removesuffix("_shape"): specs(shape) for name, shape in shapes.items()}
    first, *rest = known
    return [known[first]], {name: known[name] for name in rest}, "assumed"


def input_is_inferred(model: Any) -> bool:
    """Tell whether Keras made the input of a Sequential model up, from the shape of a call."""
    if _is_tf_keras(model):
        tracked = list(model._self_tracked_trackables)  # noqa: SLF001
        return len(tracked) > 1 and bool(tracked[0].name == f"{tracked[1].name}_input")
    # An author's Input has a shape or no dtype.
    made = getattr(getattr(model._layers[0], "_auto_config", None), "config", {})  # noqa: SLF001
    return made.get("batch_shape") is not None and made.get("dtype") is not None


def encoding_error(concrete: Any) -> str | None:
    """Return why the arguments or outputs of a trace can't be written; None if they can.

    TensorFlow writes the structures of every function that the export holds, served or not.
    """
    if concrete.structured_input_signature is None:
        return None
    outputs = structure_error(concrete.structured_outputs)
    if outputs is not None:
        return f"its outputs have {outputs}"
    arguments = structure_error(concrete.structured_input_signature)
    return None if arguments is None else f"its arguments have {arguments}"


def structure_error(structure: Any) -> str | None:
    """Return what of a structure can't be written; None if all of it can."""
    from tensorflow.python.framework import func_graph
    from tensorflow.python.saved_model import nested_structure_coder

    key = _odd_key(structure)
    if key is not None:
        return f"the key {key!r}, which is no string"
    try:
        nested_structure_coder.encode_structure(
            func_graph.convert_structure_to_signature(structure)
        )
    except nested_structure_coder.NotEncodableError:
        return "a value that no SavedModel can hold"
    return None


def _odd_key(structure: Any) -> Any:
    if hasattr(structure, "items"):
        for key, part in structure.items():
            if not isinstance(key, str):
                return key
            if (inner := _odd_key(part)) is not None:
                return inner
    elif isinstance(structure, list | tuple):
        for part in structure:
            if (inner := _odd_key(part)) is not None:
                return inner
    return None


def function_name(function: Any) -> str:
    """Return what the author calls a tf.function or ConcreteFunction."""
    name = getattr(function, "__name__", None)
    if name is None:
        name = function.name
        name = name.decode() if isinstance(name, bytes) else name
        name = re.sub(r"^__(inference|forward|backward)_(.+?)_\d+$", r"\2", name)
    return "the lambda" if name == "<lambda>" else str(name)


def _is_tf_keras(obj: Any) -> bool:
    return any(cls.__module__.startswith("tf_keras.") for cls in type(obj).__mro__)


def history_name(tensor: Any) -> str | None:
    """Return the name of the layer or operation that made a symbolic Keras tensor."""
    history = getattr(tensor, "_keras_history", None)
    if history is None:
        return None
    maker = getattr(history, "operation", None) or getattr(history, "layer", None)
    return None if maker is None else str(maker.name)


def raw_variable(variable: Any) -> Any:
    """Return the tf.Variable inside a Keras 3 variable; another variable is its own."""
    known = keras_variable_class()
    is_keras = known is not None and isinstance(variable, known)
    return variable._value if is_keras else variable  # noqa: SLF001


def keras_variable_class() -> type | None:
    """Return the class of Keras 3 variables; None if Keras is not imported."""
    module = sys.modules.get("keras.src.backend.common.variables")
    return None if module is None else module.Variable


# What classes are to us: (role, framework) by where they are defined. `kinds.py` looks them up in
# sys.modules, so that nothing is imported; the most derived class decides.
CLASS_ROLES: dict[tuple[str, str], tuple[str, str]] = {
    ("keras.src.models.functional", "Functional"): ("functional", "Keras 3"),
    ("keras.src.models.sequential", "Sequential"): ("sequential", "Keras 3"),
    ("keras.src.models.model", "Model"): ("subclassed", "Keras 3"),
    ("keras.src.layers.core.input_layer", "InputLayer"): ("input layer", "Keras 3"),
    ("keras.src.layers.layer", "Layer"): ("layer", "Keras 3"),
    ("keras.src.optimizers.base_optimizer", "BaseOptimizer"): ("optimizer", "Keras 3"),
    ("keras.src.random.seed_generator", "SeedGenerator"): ("seed", "Keras 3"),
    ("keras.src.backend.common.variables", "Variable"): ("variable", "Keras 3"),
    ("tf_keras.src.engine.functional", "Functional"): ("functional", "Keras 2"),
    ("tf_keras.src.engine.sequential", "Sequential"): ("sequential", "Keras 2"),
    ("tf_keras.src.engine.training", "Model"): ("subclassed", "Keras 2"),
    ("tf_keras.src.engine.input_layer", "InputLayer"): ("input layer", "Keras 2"),
    ("tf_keras.src.engine.base_layer", "Layer"): ("layer", "Keras 2"),
    ("tf_keras.src.metrics.base_metric", "Metric"): ("metric", "Keras 2"),
    ("tf_keras.src.optimizers.optimizer", "_BaseOptimizer"): ("optimizer", "Keras 2"),
    ("tf_keras.src.optimizers.legacy.optimizer_v2", "OptimizerV2"): ("optimizer", "Keras 2"),
    ("tensorflow.python.module.module", "Module"): ("module", "TensorFlow"),
    ("tensorflow.python.checkpoint.checkpoint", "Checkpoint"): ("checkpoint", "TensorFlow"),
    ("tensorflow.python.eager.polymorphic_function.polymorphic_function", "Function"): (
        "function",
        "TensorFlow",
    ),
    ("tensorflow.python.eager.polymorphic_function.concrete_function", "ConcreteFunction"): (
        "function",
        "TensorFlow",
    ),
    ("tensorflow.python.ops.variables", "Variable"): ("variable", "TensorFlow"),
    ("tensorflow.python.trackable.data_structures", "_DictWrapper"): ("proxy", "TensorFlow"),
    ("tensorflow.python.trackable.data_structures", "_TupleWrapper"): ("proxy", "TensorFlow"),
    ("tensorflow.python.trackable.data_structures", "List"): ("storage", "TensorFlow"),
    ("tensorflow.python.trackable.data_structures", "Mapping"): ("storage", "TensorFlow"),
    ("tensorflow.python.saved_model.signature_serialization", "_SignatureMap"): (
        "storage",
        "TensorFlow",
    ),
    ("tensorflow.python.trackable.base", "Trackable"): ("trackable", "TensorFlow"),
}
# `tf.saved_model.load` makes a class of this name for each object that it revives.
REVIVED_CLASS = ("tensorflow.python.saved_model.load", "_UserObject")
# Where the "storage" classes keep the builtin container.
STORAGE_FIELDS = ("_storage", "_signatures")
# Where layers keep their variables and what else has some.
LAYER_FIELDS = {
    "Keras 3": ("_trainable_variables", "_non_trainable_variables", "_seed_generators", "_layers"),
    "Keras 2": ("_trainable_weights", "_non_trainable_weights", "_self_tracked_trackables"),
}
# Where functional and sequential models keep what `model.layers` lists.
LAYERS_FIELD = {"Keras 3": "_layers", "Keras 2": "_self_tracked_trackables"}
# How the names of TensorFlow's own entries in every trackable's instance dict start.
BOOKKEEPING = "_self_"
# What a variable of variables wraps: Keras 3, autocast (tf_keras), distributed.
INNER_VARIABLE_FIELDS = ("_value", "_variable", "_values")
# tf.functions that Keras itself keeps in a model's instance dict.
KERAS_OWN_FUNCTIONS = frozenset(
    {
        "train_function",
        "test_function",
        "predict_function",
        "train_tf_function",
        "_default_save_signature",
    }
)


def nbytes(shape: Any, dtype: Any) -> int:
    """Return the size in bytes of a variable by its private `_shape` and `_dtype`.

    0 where the size is not known before it has a value: strings, unknown dimensions.
    """
    dtypes = sys.modules["tensorflow.python.framework.dtypes"]
    shapes = sys.modules["tensorflow.python.framework.tensor_shape"]
    count = shapes.TensorShape(shape).num_elements()
    return 0 if count is None else int(count * (dtypes.as_dtype(dtype).size or 0))


def missing_asset(obj: Any) -> str | None:
    """Return the path of an asset that is not there; None for what is no asset or is there."""
    import tensorflow as tf
    from tensorflow.python.trackable.asset import Asset

    if not isinstance(obj, Asset):
        return None
    path = obj.asset_path.numpy().decode()
    return None if tf.io.gfile.exists(path) else str(path)


def owners(concrete: Any) -> list[Any]:
    """Return the trackables whose resources a ConcreteFunction captures: variables, tables."""
    found = {id(variable): variable for variable in _variables(concrete)}
    for captured in concrete.captured_inputs:
        # Set by TensorFlow on the handle of a table, for its own search of owners.
        parent = getattr(captured, "_parent_trackable", None)
        if parent is not None and parent() is not None:
            found[id(parent())] = parent()
    return list(found.values())


def _variables(concrete: Any) -> list[Any]:
    """Return the variables of a ConcreteFunction that are still there; its own raise if not all."""
    references = concrete.graph._weak_variables  # noqa: SLF001
    return [found for reference in references if (found := reference()) is not None]


def deleted(concrete: Any) -> set[int]:
    """Return the ids of the captured handles whose variables were deleted; mostly there is none."""
    there = _variables(concrete)
    if len(there) == len(concrete.graph._weak_variables):  # noqa: SLF001
        return set()
    alive = {id(handle) for variable in there for handle in handles(variable)}
    return {
        id(captured)
        for captured in concrete.captured_inputs
        if variable_dtype(captured) is not None and id(captured) not in alive
    }


def autograph_cause(error: BaseException) -> str | None:
    """Return what an error said before autograph put "in user code" and frames around it."""
    metadata = getattr(error, "ag_error_metadata", None)
    return None if metadata is None else str(metadata.cause_message)


def autograph_frames(error: BaseException) -> list[tuple[str, int, str]]:
    """Return the file, line and function of the frames that autograph knows, innermost last.

    They are those of the source, where the traceback has those of the code that autograph made.
    """
    metadata = getattr(error, "ag_error_metadata", None)
    stack = () if metadata is None else metadata.translated_stack
    return [(frame.filename, frame.lineno, frame.function_name) for frame in reversed(stack)]


AUTOGRAPH_FILE = "__autograph_generated_file"
"""How the files are called that autograph compiles."""


def parameters(concrete: Any) -> list[str]:
    """Return the names of the parameters of the function behind a ConcreteFunction."""
    return [name for name in concrete.function_type.parameters if name != "self"]


def is_restored_trace(concrete: Any) -> bool:
    """Tell whether a ConcreteFunction comes from a loaded SavedModel."""
    return type(concrete).__name__ in ("RestoredFunction", "_WrapperFunction") or (
        concrete.graph.name.startswith("signature_wrapper")
    )


def is_mixed_export(directory: str) -> bool:
    """Tell whether the checkpoint of a SavedModel is not the one that its fingerprint tells of.

    False where there is no fingerprint, or it can't be computed.
    """
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import fingerprint_pb2
    from tensorflow.python.saved_model.pywrap_saved_model import fingerprinting

    try:
        there = fingerprint_pb2.FingerprintDef.FromString(
            fingerprinting.ReadSavedModelFingerprint(directory)
        )
        now = fingerprint_pb2.FingerprintDef.FromString(
            fingerprinting.CreateFingerprintDef(directory)
        )
    except (fingerprinting.FingerprintException, fingerprinting.FileNotFoundException, DecodeError):
        return False
    return bool(there.checkpoint_hash != now.checkpoint_hash)


def schemes() -> list[str]:
    """Return the schemes of the file systems that this TensorFlow knows: ``["", "file", ...]``."""
    import tensorflow as tf

    return [str(scheme) for scheme in tf.io.gfile.get_registered_schemes()]


def renew_fingerprint(directory: str) -> None:
    """Write the fingerprint of a SavedModel anew, after its graph was rewritten; keeps its uuid."""
    from tensorflow.core.protobuf import fingerprint_pb2
    from tensorflow.python.saved_model.pywrap_saved_model import fingerprinting

    path = Path(directory) / "fingerprint.pb"
    now = fingerprint_pb2.FingerprintDef.FromString(fingerprinting.CreateFingerprintDef(directory))
    now.uuid = fingerprint_pb2.FingerprintDef.FromString(path.read_bytes()).uuid
    path.write_bytes(now.SerializeToString())
