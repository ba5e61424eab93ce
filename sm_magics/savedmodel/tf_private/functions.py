"""Of tf.functions and their traces."""

from __future__ import annotations

import contextlib
import inspect
import re
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel.tf_private.graphs import _nested, variable_dtype
from sm_magics.savedmodel.tf_private.trackables import handles

if TYPE_CHECKING:
    from collections.abc import Iterator


def input_names(concrete: Any) -> list[str]:
    """Return the names that a signature made of this ConcreteFunction gives its inputs."""
    return [str(name) for name in concrete._arg_keywords]  # noqa: SLF001


def traces(function: Any) -> list[Any]:
    """Return the ConcreteFunctions that a tf.function has made so far; none is made here."""
    return list(function._list_all_concrete_functions())  # noqa: SLF001


def kind_of_trace(trace: Any) -> tuple[str, str]:
    """Return what a trace has in common with every other one of its function and types.

    The name of the Python function, and the types of its arguments and results without the names
    of tensors: a save traces what was called with tensors once more, with specs that have names.
    """
    name, _, _ = trace.name.decode().rpartition("_")  # a running number
    return name, re.sub(r", name=(None|'[^']*'|\"[^\"]*\")\)", ")", str(trace.function_type))


def is_restored(function: Any) -> bool:
    """Tell whether a tf.function comes from a loaded SavedModel: it has traces that it hides."""
    return type(function).__name__ == "RestoredFunction"


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


def inside_function() -> bool:
    """Tell whether Python is tracing a tf.function just now."""
    from tensorflow.python.framework import ops

    return bool(ops.inside_function())


def must_compile(concrete: Any) -> bool:
    """Tell whether XLA must compile the function behind a ConcreteFunction (``jit_compile``)."""
    definition = getattr(concrete, "function_def", None)
    # To read an attribute that is not there would add it, and break the function.
    if definition is None or "_XlaMustCompile" not in definition.attr:
        return False
    return bool(definition.attr["_XlaMustCompile"].b)


def name(concrete: Any) -> str:
    """Return what a ConcreteFunction is called in a graph's library."""
    written = concrete.name  # bytes, of a ConcreteFunction
    return written.decode() if isinstance(written, bytes) else str(written)


def called_names(concrete: Any) -> set[str]:
    """Return the names of the functions that a ConcreteFunction calls, and those that they call."""
    return set(_nested(concrete)) - {""}


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


@contextlib.contextmanager
def unoptimized() -> Iterator[None]:
    """Run functions as they are written: a graph that runs once is not worth optimizing.

    In this thread alone; what the user set for functions is left as it is.
    """
    from tensorflow.core.protobuf import config_pb2
    from tensorflow.python.eager import context

    here = context.context()
    before = here.function_call_options
    config = config_pb2.ConfigProto.FromString(before.config_proto_serialized)
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    here.function_call_options = context.FunctionCallOptions(before.executor_type, config)
    try:
        yield
    finally:
        here.function_call_options = before
