"""SM601, SM602: a signature that computes something else than the live object, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import frames, python_state, tf_private
from sm_magics.savedmodel.diagnostics import finding
from sm_magics.savedmodel.signatures import functions, refusals

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from sm_magics.savedmodel.diagnostics import Diagnostic
    from sm_magics.savedmodel.python_state import Read
    from sm_magics.savedmodel.signatures.endpoints import Endpoint
    from sm_magics.savedmodel.verify import StructureCheck, Verification

_NAMED = 3
"""How many values a sentence names."""


def check(
    verified: Verification, endpoints: Sequence[Endpoint], directory: Path, obj: Any, name: str
) -> list[Diagnostic]:
    """Return what verification found; no filter hides it, `--no-verify` does without it.

    Parameters
    ----------
    verified : Verification
    endpoints : sequence of Endpoint
        What was exported.
    directory : Path
        Where it was written.
    obj : Trackable
        The object, and `name`, what a person calls it.

    Returns
    -------
    list of Diagnostic
        One of the whole export where it is damaged or a fresh process can't load it, else one a
        signature.
    """
    by_key = {endpoint.signature.key: endpoint for endpoint in endpoints}
    found = []
    if verified.damaged:
        found.append(_damaged(verified.damaged))
    if verified.failure:
        found.append(_fails(f"a fresh process {verified.failure}", verified.level))
    for one in verified.signatures:
        endpoint = by_key[one.key]
        if one.status == "fails" and not verified.failure:
            said = f"a fresh process can't run the signature {one.key!r}: {one.reason}"
            found.append(_fails(said, verified.level, one.key))
        elif one.status == "differs" and _is_writers(one.structure):
            found.append(_written_wrong(one.key, one.reason))
        elif one.status == "differs":
            found.append(_differs(endpoint, one.reason, directory, obj, name))
        elif endpoint.assumed and one.rejected:
            found.append(refusals.wrong_guess(endpoint, one.reason))
    return found


def _fails(said: str, level: str, key: str | None = None) -> Diagnostic:
    fix = (
        "take out what it names, such as a `with tf.device` (or: --fix devices) or a "
        "tf.py_function; --verify process lets TensorFlow choose another device for what is pinned"
        if level == "serving"
        else "take out what it names, such as an op of a library that is imported only here"
    )
    return finding("SM602", said, f"{fix}; --no-verify publishes it all the same", function=key)


def _is_writers(files: StructureCheck | None) -> bool:
    """Tell whether the files themselves are wrong: no value that a body reads explains that."""
    return files is not None and files.status == "differs" and not files.another_trace


def _written_wrong(key: str, reason: str) -> Diagnostic:
    return finding(
        "SM601",
        f"the signature {key!r} was not written as it was traced: {reason}",
        "did a variable change while it was exported, or is the disk at fault? Export it once "
        "more; --no-verify publishes it all the same",
        function=key,
    )


def _damaged(keys: Sequence[str]) -> Diagnostic:
    more = f" and {len(keys) - _NAMED} more" if len(keys) > _NAMED else ""
    return finding(
        "SM601",
        f"the checkpoint is damaged: the bytes of {', '.join(keys[:_NAMED])}{more} are not those "
        "that its index tells of",
        "is the disk at fault? Export it once more; --no-verify publishes it all the same",
    )


def _differs(endpoint: Endpoint, reason: str, directory: Path, obj: Any, name: str) -> Diagnostic:
    key = endpoint.signature.key
    said = f"the signature {key!r} does not compute what the live object computes: {reason}"
    read = python_state.reads(_written_by_the_author(endpoint, obj))
    changed = _changed(read, endpoint, directory)
    if not read:
        return finding(
            "SM601",
            said,
            "does the body depend on Python state, or on a training phase? --no-verify publishes "
            "it all the same",
            function=key,
        )
    if not changed:
        paths = ", ".join(f"`{_called(one.path, endpoint, name)}`" for one in read[:_NAMED])
        return finding(
            "SM601",
            said,
            f"was one of the Python values changed after the last call that its body reads "
            f"({paths})? If so, make the object anew; what changes belongs into a tf.Variable; "
            "--no-verify publishes it all the same",
            function=key,
        )
    first = changed[0]
    path = _called(first.path, endpoint, name)
    also = ", ".join(f"`{_called(one.path, endpoint, name)}`" for one in changed[1:_NAMED])
    return finding(
        "SM601",
        f"{said}; `{path}` is {first.value!r} now, and was something else when the live function "
        f"was traced" + (f" (so may be {also})" if also else ""),
        "make the object anew with the value that you want (its old trace stays otherwise); what "
        f"changes belongs into a variable: `{_of_self(first.path)} = tf.Variable({first.value!r})` "
        f"where the object is made, read as `{_of_self(first.path)}`; --no-verify publishes it all "
        "the same",
        function=key,
        **frames.where(first.frame),
    )


def _of_self(path: str) -> str:
    """Return what tracks a variable: an attribute, where the body read a global."""
    return path if path.startswith("self.") else f"self.{path.rpartition('.')[2]}"


def _written_by_the_author(endpoint: Endpoint, obj: Any) -> Any:
    """Return the function whose body a signature runs, not the wrapper that names its tensors."""
    try:
        return functions.resolve(endpoint.signature.function, obj)
    except (LookupError, SyntaxError):
        return endpoint.function


def _called(path: str, endpoint: Endpoint, name: str) -> str:
    """Return ``self.scale`` as a person types it outside the body: ``model.encoder.scale``."""
    owner = endpoint.signature.function.rpartition(".")[0]
    whole = f"{name}.{owner}" if owner else name
    return whole + path.removeprefix("self") if path.startswith("self.") else path


def _changed(read: Iterable[Read], endpoint: Endpoint, directory: Path) -> list[Read]:
    """Return the values that became constants of what was written, and are none of the live one."""
    import numpy as np

    live = {_identity(value) for value in _live_constants(endpoint.concrete)}
    new = [value for value in _constants(directory) if _identity(value) not in live]

    def became(value: Any) -> bool:
        array = np.asarray(value)
        return array.dtype.kind in "biufc" and any(
            (array.dtype.kind == "b") == (constant.dtype.kind == "b")
            and np.array_equal(array.astype(constant.dtype), constant)
            for constant in new
        )

    return [one for one in read if became(one.value)]


def _identity(value: Any) -> tuple[Any, ...]:
    return (value.dtype.str, value.shape, value.tobytes())


def _live_constants(concrete: Any) -> list[Any]:
    return [
        value
        for graph in tf_private.nested_graphs(concrete)
        for op in graph.get_operations()
        if op.type == "Const" and (value := _small(op.get_attr("value"))) is not None
    ]


def _constants(directory: Path) -> list[Any]:
    """Return the small constants of the functions in a written SavedModel."""
    from tensorflow.core.protobuf import saved_model_pb2

    model = saved_model_pb2.SavedModel.FromString((directory / "saved_model.pb").read_bytes())
    return [
        value
        for graph in model.meta_graphs
        for function in graph.graph_def.library.function
        for node in function.node_def
        if node.op == "Const" and (value := _small(node.attr["value"].tensor)) is not None
    ]


def _small(tensor: Any) -> Any:
    import tensorflow as tf

    size = 1
    for dimension in tensor.tensor_shape.dim:
        size *= dimension.size
    if size > python_state.FEW or tensor.dtype == tf.string.as_datatype_enum:
        return None
    return tf.make_ndarray(tensor)
