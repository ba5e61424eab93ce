"""What `tf.saved_model.save` adds to the functions of an object that has variables.

Kept by hand, since only a save can tell; a test makes one and prints the table that it finds.
"""

from __future__ import annotations

SAVER: dict[str, tuple[str, ...]] = {
    "AssignVariableOp": ("dtype",),
    "Const": ("dtype", "value"),
    "DisableCopyOnRead": (),
    "Identity": ("T",),
    "MergeV2Checkpoints": (),
    "NoOp": (),
    "Pack": ("N", "T"),
    "Placeholder": ("dtype", "shape"),
    "ReadVariableOp": ("dtype",),
    "RestoreV2": ("dtypes",),
    "SaveV2": ("dtypes",),
    "Select": ("T",),
    "ShardedFilename": (),
    "StatefulPartitionedCall": ("Tin", "Tout", "config_proto", "f"),
    "StaticRegexFullMatch": ("pattern",),
    "StringJoin": ("N",),
    "VarHandleOp": ("debug_name", "dtype", "shape", "shared_name"),
}
"""An op -> the attributes that it is written with."""


def saver_uses() -> list[tuple[str, frozenset[str]]]:
    """Return the ops that a save adds, each with its attributes."""
    return [(op, frozenset(attributes)) for op, attributes in SAVER.items()]
