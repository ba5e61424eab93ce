"""Shows without a run that what was written is what was traced, with the variables as they are.

For each signature: the function that it calls is the traced one, node by node; each variable that
it reads is the one into which the saver restores; and what is restored has the checksum of what is
in memory. This is the way of a TF 1 session or model server, which knows no Python objects.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import tf_private
from sm_magics.savedmodel.inspection import metagraph
from sm_magics.savedmodel.signatures.endpoints import named_outputs
from sm_magics.savedmodel.verify.structure import captures, functions, restored, values
from sm_magics.savedmodel.verify.structure.calls import Call, UnfollowableError, calls, tensors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from sm_magics.savedmodel.signatures.endpoints import Endpoint

__all__ = ["IncomparableError", "Structure", "StructureCheck", "check"]


class IncomparableError(ValueError):
    """What was written was changed in a way that nobody can repeat; says how."""


@dataclass(frozen=True, slots=True)
class StructureCheck:
    """What the written files say of one signature.

    Attributes
    ----------
    status : str
        ``"equal"``, ``"differs"``, or ``"not verified"`` where a comparison is impossible.
    reason : str
        Why it is not ``"equal"``.
    variables, constants : int
        How many captured ones were found to be equal.
    left_out : tuple of str
        What of the captures could not be compared: tables, strings.
    another_trace : bool
        Whether all that differs is the graph, of a function that the save traced once more.
    """

    status: str
    reason: str = ""
    variables: int = 0
    constants: int = 0
    left_out: tuple[str, ...] = ()
    another_trace: bool = False


@dataclass(frozen=True, slots=True)
class Structure:
    """What the written files say: of each signature by its key, and of the shards."""

    signatures: dict[str, StructureCheck]
    damaged: tuple[str, ...] = ()

    @property
    def is_wrong(self) -> bool:
        """Tell whether no run can put it right: what differs is not just another trace."""
        return bool(self.damaged) or any(
            one.status == "differs" and not one.another_trace for one in self.signatures.values()
        )


def check(
    endpoints: Sequence[Endpoint],
    directory: Path,
    rewrite: Callable[[Any], Any] | None = None,
) -> Structure:
    """Compare a written SavedModel with what was traced; nothing is loaded or run.

    Parameters
    ----------
    endpoints : sequence of Endpoint
        What was exported.
    directory : Path
        Where it was written.
    rewrite : callable, optional
        Does to a SavedModel what has been done to the written one in or after the save; raises
        `IncomparableError` where that can't be repeated.
    """
    written = _Written(directory)
    followed = {one.signature.key: written.follow(one, rewrite) for one in endpoints}
    written.values.read(
        (handle, key) for one in followed.values() for _, handle, key in one.variables
    )
    return Structure(
        {key: written.judge(one) for key, one in followed.items()},
        tuple(written.values.damaged()),
    )


@dataclass(slots=True)
class _Followed(captures.Followed):
    """Also whether it was possible at all, and whether the save traced the function again."""

    unable: str = ""
    another_trace: bool = False


class _Written:
    """A written SavedModel."""

    def __init__(self, directory: Path) -> None:
        meta_graph = metagraph(directory)
        graph = meta_graph.graph_def
        self._signatures = meta_graph.signature_def
        self._main = {node.name: node for node in graph.node}
        self._library = {one.signature.name: one for one in graph.library.function}
        self._functions = functions.Library(graph.library.function)
        self._restored = restored.restored(meta_graph, self._main, self._library)
        self.values = values.Values(directory)

    def follow(self, endpoint: Endpoint, rewrite: Callable[[Any], Any] | None) -> _Followed:
        key, concrete = endpoint.signature.key, endpoint.concrete
        if key not in self._signatures:
            return _Followed(reason="it was not written")
        signature = self._signatures[key]
        if getattr(concrete, "function_def", None) is None:
            return _Followed(unable="the live function has no definition of its own")
        try:
            called = list(calls(signature, self._main, self._library))
            call, reason = self._same(called, concrete, rewrite)
        except (UnfollowableError, IncomparableError) as error:
            return _Followed(unable=str(error))
        if reason:
            return _Followed(reason=reason, another_trace=call is None)
        assert call is not None  # noqa: S101, no reason
        found = self._captured(call, endpoint, signature)
        found.another_trace = bool(found.reason) and call.name != tf_private.name(concrete)
        return found

    def _same(
        self, called: Sequence[Call], concrete: Any, rewrite: Callable[[Any], Any] | None
    ) -> tuple[Call | None, str]:
        """Return the call of the traced function; else what tells it from the one that is called.

        The call is None where no function of the trace's own name is called.
        """
        name = tf_private.name(concrete)
        traced = functions.traced(concrete, rewrite)
        compared = functions.Functions(self._functions, traced)
        named = [one for one in called if one.name == name]
        reason = ""
        for one in named or reversed(called):
            said = compared.difference(one.name, name)
            if not said:
                return one, ""
            reason = reason or said
        return (named[0] if named else None), reason or "it calls no function that was written"

    def _captured(self, call: Call, endpoint: Endpoint, signature: Any) -> _Followed:
        concrete = endpoint.concrete
        captured = concrete.captured_inputs
        count = len(call.inputs) - len(captured)
        names = {
            tensor.removesuffix(":0"): name
            for name, info in signature.inputs.items()
            for tensor in tensors(info)
        }
        given = [names.get(one) for one in call.inputs[:count]]
        if given != tf_private.input_names(concrete):
            return _Followed(reason="its inputs come in another order than those of the trace")
        if call.outputs != tuple(range(len(call.outputs))) or list(call.output_names) != list(
            _output_names(concrete)
        ):
            return _Followed(reason="its outputs come in another order than those of the trace")
        found = captures.follow(
            captured, call.inputs[count:], self._main, self._restored, self.values.entries
        )
        return _Followed(found.variables, found.constants, found.left_out, found.reason)

    def judge(self, followed: _Followed) -> StructureCheck:
        if followed.unable:
            return StructureCheck("not verified", followed.unable)
        reason = followed.reason
        unread = 0
        for name, handle, key in followed.variables:
            reason = reason or self._unequal(name, handle, key)
            unread += not self.values.is_readable(handle, key)
        return StructureCheck(
            "differs" if reason else "equal",
            reason,
            len(followed.variables) - unread,
            followed.constants,
            (*followed.left_out, *["a variable that can't be read here"] * unread),
            followed.another_trace,
        )

    def _unequal(self, name: str, handle: Any, key: str) -> str:
        said = self.values.difference(handle, key)
        return f"the variable {name!r}: {said}" if said else ""


def _output_names(concrete: Any) -> Iterable[str]:
    """Yield the name of each output tensor in the order in which the function returns them."""
    import tensorflow as tf

    structure = concrete.structured_outputs
    named = named_outputs(structure)
    # tf.nest takes a dict by its sorted keys, a tuple with names as it is.
    ordered = sorted(named) if hasattr(structure, "items") else named
    for name in ordered:
        yield from [name] * len(tf.nest.flatten(named[name], expand_composites=True))
