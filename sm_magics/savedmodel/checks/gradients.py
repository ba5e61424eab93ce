"""SM112: a custom gradient that TensorFlow can't trace. It says so while it builds the graph."""

from __future__ import annotations

import contextlib
import io
import sys
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import first_line, user_frames
from sm_magics.savedmodel.diagnostics import ExportError, finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sm_magics.savedmodel.signatures.endpoints import Endpoint

_SAID = ("Error when tracing gradients", "Cannot save custom gradient", "Found invalid capture")


@contextlib.contextmanager
def explained(endpoints: Sequence[Endpoint]) -> Iterator[None]:
    """Turn TensorFlow's error about a custom gradient into SM112.

    TensorFlow builds the whole graph before the first byte, so nothing is written then. It also
    prints the traceback, which is kept back.
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
        reason = f": {first_line.of(cause)}" if isinstance(cause, Exception) else ""
        raise ExportError(
            [
                finding(
                    "SM112",
                    f"a custom gradient can't be traced{reason}",
                    "correct the gradient, or leave gradients out with --no-custom-gradients "
                    "(options={'experimental_custom_gradients': False}): the export then serves, "
                    "but can't be fine-tuned where it uses them",
                    function=endpoints[0].signature.function if endpoints else None,
                    **_place(cause or error),
                )
            ]
        ) from None
    except BaseException:
        sys.stderr.write(printed.getvalue())
        raise
    else:
        sys.stderr.write(printed.getvalue())


def _place(error: BaseException) -> dict[str, Any]:
    came = user_frames.of(error)
    return {"file": came[-1].file, "line": came[-1].line} if came else {}
