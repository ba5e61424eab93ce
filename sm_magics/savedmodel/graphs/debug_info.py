"""Where the nodes of a written SavedModel were made, if it was saved with debug info."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import frames, spans
from sm_magics.savedmodel.inspection import protos

if TYPE_CHECKING:
    from sm_magics.savedmodel.devices import Device
    from sm_magics.savedmodel.graphs import Node
    from sm_magics.savedmodel.spans import Span

_OURS = "/sm_magics/savedmodel/"
FILE = "debug/saved_model_debug_info.pb"


class Places:
    """Finds places as `places.live` does; all are None where there is no debug info.

    Parameters
    ----------
    directory : Path
        A SavedModel.
    """

    def __init__(self, directory: Path) -> None:
        path = directory / FILE
        read = protos.message("GraphDebugInfo")
        self._info = read.FromString(path.read_bytes()) if path.is_file() else None

    def __call__(self, node: Node, device: Device | None = None) -> Span | None:
        """Return the statement that made a node, or the ``with tf.device`` that pins it."""
        if self._info is None:
            return None
        stack = self._stack(f"{node.proto.name}@{node.body.name}")
        if not stack:
            return None
        scope = spans.device_scope(stack, device) if device is not None else None
        # The file may be on another machine: then the line is all that is known.
        return scope or spans.statement(stack[0]) or spans.line(stack[0])

    def _stack(self, name: str) -> list[frames.Frame]:
        """Return the author's frames, the innermost first."""
        info: Any = self._info
        if name not in info.name_to_trace_id:
            return []
        numbers = info.traces_by_id[info.name_to_trace_id[name]].frame_id
        made = [info.frames_by_id[number] for number in numbers]
        found = [frames.Frame(info.files[frame.file_index], frame.line) for frame in made]
        # What called us made nothing.
        called = itertools.takewhile(lambda frame: _OURS not in frame.file, reversed(found))
        return [frame for frame in called if _is_authors(frame.file)]


def _is_authors(file: str) -> bool:
    # The packages of another machine lie elsewhere.
    return frames.is_authors(file) and not {"site-packages", "dist-packages"} & {*Path(file).parts}
