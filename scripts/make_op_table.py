# /// script
# requires-python = ">=3.11"
# dependencies = ["tensorflow>=2.12", "sm_magics"]
# ///
"""Write the table of the installed TensorFlow's ops to where `op_tables` reads it.

Run it as ``python scripts/make_op_table.py`` from anywhere. It takes the place of the table of
another patch release; tables of other minor releases stay.
"""

from __future__ import annotations

import contextlib

from sm_magics.savedmodel.op_tables import releases


def op_table() -> releases.OpTable:
    """Return the ops that TensorFlow registers in C++: what it can load, in Python or not."""
    import tensorflow as tf
    from tensorflow.core.framework import op_def_pb2
    from tensorflow.python.client import pywrap_tf_session

    registered = op_def_pb2.OpList.FromString(
        pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList())
    )
    return releases.OpTable(
        tensorflow=tf.__version__,
        producer=tf.version.GRAPH_DEF_VERSION,
        ops={op.name: frozenset(attr.name for attr in op.attr) for op in registered.op},
    )


def main() -> None:
    """Write the table, and remove the one that it replaces."""
    made = op_table()
    with contextlib.suppress(ValueError):  # there is none yet
        replaced = releases.nearest(made.tensorflow).tensorflow
        (releases.FOLDER / f"ops-{replaced}.txt").unlink()
    path = releases.FOLDER / f"ops-{made.tensorflow}.txt"
    path.write_text(releases.dumped(made), "utf-8")


if __name__ == "__main__":
    main()
