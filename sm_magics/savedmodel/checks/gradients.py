"""SM112: a custom gradient that TensorFlow can't trace.

TensorFlow traces the gradient of each call and says so while it builds the graph. Here one call of
each gradient is traced before: hundreds of calls of one activation have one body.
"""

from __future__ import annotations

import contextlib
import io
import sys
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import first_line, tf_private, user_frames
from sm_magics.savedmodel.diagnostics import ExportError, finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sm_magics.savedmodel.diagnostics import Diagnostic
    from sm_magics.savedmodel.saved import Saved
    from sm_magics.savedmodel.signatures.endpoints import Endpoint

_SAID = ("Error when tracing gradients", "Cannot save custom gradient", "Found invalid capture")


@contextlib.contextmanager
def explained(endpoints: Sequence[Endpoint]) -> Iterator[None]:
    """Turn TensorFlow's error about a custom gradient into SM112.

    For what only the save finds, such as a gradient that captures what can't be written. TensorFlow
    builds the whole graph before the first byte, so nothing is written then. It also prints the
    traceback, which is kept back.
    """
    printed = io.StringIO()
    try:
        with contextlib.redirect_stderr(printed):
            yield
    except ValueError as error:
        if not str(error).startswith(_SAID):
            sys.stderr.write(printed.getvalue())
            raise
        cause = error.__cause__
        raise ExportError(
            [_found(error, cause if isinstance(cause, Exception) else None, endpoints)]
        ) from None
    except BaseException:
        sys.stderr.write(printed.getvalue())
        raise
    else:
        sys.stderr.write(printed.getvalue())


def check(saved: Saved, endpoints: Sequence[Endpoint], options: Any) -> list[Diagnostic]:
    """Return SM112 for the first gradient that can't be traced."""
    import tensorflow as tf

    if getattr(options, "experimental_custom_gradients", True) is False:
        return []
    seen: set[Any] = set()
    for graph in _graphs(saved):
        for operation, gradient in tf_private.custom_gradients(graph):
            body = frozenset(_codes(gradient))
            if body in seen:
                continue
            seen.add(body)
            try:
                # As the save does it.
                tf.function(gradient).get_concrete_function(None, *operation.inputs)
            except Exception as error:  # noqa: BLE001, it is the author's own function
                return [_found(error, error, endpoints)]
    return []


def _graphs(saved: Saved) -> Iterator[Any]:
    seen: set[int] = set()
    for traces in saved.traces.values():
        for trace in traces:
            for graph in tf_private.nested_graphs(trace):
                if id(graph) not in seen:
                    seen.add(id(graph))
                    yield graph


def _codes(function: Any) -> Iterator[Any]:
    """Yield the code of a function, and of those that it closes over: the author's among them."""
    queue, seen = [function], set()
    while queue:
        one = queue.pop()
        code = getattr(one, "__code__", None)
        if code is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield code
        for cell in one.__closure__ or ():
            with contextlib.suppress(ValueError):  # an empty cell
                queue.append(cell.cell_contents)


def _found(
    error: BaseException, cause: Exception | None, endpoints: Sequence[Endpoint]
) -> Diagnostic:
    reason = f": {first_line.of(cause)}" if cause is not None else ""
    return finding(
        "SM112",
        f"a custom gradient can't be traced{reason}",
        "correct the gradient, or leave gradients out with --no-custom-gradients "
        "(options={'experimental_custom_gradients': False}): the export then serves, "
        "but can't be fine-tuned where it uses them",
        function=endpoints[0].signature.function if endpoints else None,
        **_place(cause or error),
    )


def _place(error: BaseException) -> dict[str, Any]:
    came = user_frames.of(error)
    return {"file": came[-1].file, "line": came[-1].line} if came else {}
