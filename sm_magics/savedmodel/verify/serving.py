"""Run a SavedModel as a model server does: TensorFlow's C API, hard placement, no Python of it.

In a session that places hard, an op that is pinned to a device that is not there is an error. That
goes for functions only if the session inlines them: TensorFlow places the body of a function that
is called softly, whatever the session was told. So it is told to inline.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel.inspection import protos
from sm_magics.savedmodel.verify import fresh_process
from sm_magics.savedmodel.verify.fresh_process import NoAnswersError, NoFreshProcessError
from sm_magics.savedmodel.verify.structure.calls import tensors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sm_magics.savedmodel.verify.fresh_process import Question

CHILD = Path(__file__).with_name("serving_child.py")

_LIBRARIES = ("libtensorflow_cc.so.2", "libtensorflow_cc.2.dylib")


def run(directory: Path, questions: Sequence[Question]) -> dict[str, dict[str, Any] | Exception]:
    """Answer questions by a SavedModel in another process, through TensorFlow's C API.

    Each question gets what is in the checkpoint: what another one wrote is not seen.

    Parameters
    ----------
    directory : Path
        The SavedModel.
    questions : sequence of (key, feeds, writes)
        A signature's key, its tensors by input name, and whether it writes variables.

    Returns
    -------
    dict
        As that of `fresh_process.ask`; an error is in the words of TensorFlow's runtime.

    Raises
    ------
    NoAnswersError
        If the runtime can't load the export, or crashes.
    NoFreshProcessError
        If the process can't be started, or the installed TensorFlow has no C library.
    """
    graph = _meta_graph(directory)
    request = {
        "directory": str(directory),
        "library": str(_library()),
        "config": _config().hex(),
        "tags": list(graph.meta_info_def.tags),
        "signatures": {
            key: {
                "inputs": {name: tensors(info) for name, info in signature.inputs.items()},
                "outputs": {name: tensors(info) for name, info in signature.outputs.items()},
            }
            for key, signature in graph.signature_def.items()
        },
    }
    return fresh_process.ask(CHILD, request, questions)


def _meta_graph(directory: Path) -> Any:
    from google.protobuf.message import DecodeError

    try:
        written = (directory / "saved_model.pb").read_bytes()
        return protos.skimmed("SavedModel").FromString(written).meta_graphs[0]
    except (OSError, DecodeError, IndexError) as error:
        raise NoAnswersError(f"can't load it: {type(error).__name__}: {error}") from error


def _library() -> Path:
    import tensorflow as tf

    folder = Path(tf.sysconfig.get_lib())
    found = [folder / name for name in _LIBRARIES if (folder / name).exists()]
    if not found:
        raise NoFreshProcessError(
            f"the TensorFlow in {folder} has no {_LIBRARIES[0]}; verify it by 'process'"
        )
    return found[0]


def _config() -> bytes:
    import tensorflow as tf

    config = tf.compat.v1.ConfigProto(allow_soft_placement=False)
    config.graph_options.optimizer_options.do_function_inlining = True
    return bytes(config.SerializeToString())
