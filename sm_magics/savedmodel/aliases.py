"""Function aliases as they are written: each names a function of the library, or goes (S40).

TensorFlow also writes the alias of each trace that was there before the save, under a name that no
function of the export has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sm_magics.savedmodel import tf_private

if TYPE_CHECKING:
    from pathlib import Path


def drop_dangling(directory: Path) -> None:
    """Rewrite a staged SavedModel without the aliases that name no function of its library."""
    from tensorflow.core.protobuf import saved_model_pb2

    path = directory / "saved_model.pb"
    model = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    dropped = False
    for graph in model.meta_graphs:
        library = {function.signature.name for function in graph.graph_def.library.function}
        aliases = graph.meta_info_def.function_aliases
        for name in [name for name in aliases if name not in library]:
            del aliases[name]
            dropped = True
    if dropped:
        path.write_bytes(model.SerializeToString(deterministic=True))
        tf_private.renew_fingerprint(str(directory))
