"""The lines of the author's own code that an error of TensorFlow's came through."""

from __future__ import annotations

import contextlib
import sysconfig
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sm_magics.savedmodel import tf_private
from sm_magics.savedmodel.frames import is_authors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_OURS = str(Path(__file__).parent.parent)


@dataclass(frozen=True, slots=True)
class UserFrame:
    """A line that ran: the file that the code object names, its 1-based line, the function."""

    file: str
    line: int
    function: str


def of(error: BaseException) -> list[UserFrame]:
    """Return the author's frames of an error, the innermost last; empty where there are none.

    Those that autograph translated back come first, then those of the traceback, then the frames
    that made the graph op which failed.
    """
    ran = traceback.extract_tb(error.__traceback__)
    failed = getattr(getattr(error, "op", None), "traceback", None)
    return (
        _authors(tf_private.autograph_frames(error))
        or _authors((frame.filename, frame.lineno or 0, frame.name) for frame in ran)
        or _authors((frame.filename, frame.lineno, frame.name) for frame in failed or ())
    )


def _authors(frames: Iterable[tuple[str, int, str]]) -> list[UserFrame]:
    return [
        UserFrame(file, line, function)
        for file, line, function in frames
        if tf_private.AUTOGRAPH_FILE not in file and is_authors(file)
    ]


def is_foreign(error: BaseException) -> bool:
    """Tell whether an error came through code that is neither ours nor Python's own."""
    paths = sysconfig.get_paths()
    installed = (paths["purelib"], paths["platlib"])
    ran = [frame.f_code.co_filename for frame, _ in traceback.walk_tb(error.__traceback__)]
    return any(
        file.startswith(installed) or not file.startswith(("<frozen", paths["stdlib"]))
        for file in ran
        if not file.startswith(_OURS)
    )


@contextlib.contextmanager
def noted(name: str) -> Iterator[None]:
    """Add a note to an error that TensorFlow or the author's code raises; it stays what it is."""
    try:
        yield
    except Exception as error:
        if is_foreign(error):
            frames = of(error)
            where = f"; {frames[-1].file}, line {frames[-1].line}" if frames else ""
            error.add_note(f"sm_magics: while saving {name}: nothing was written{where}")
        raise
