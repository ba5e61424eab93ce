"""Is what a trace would give now the same graph as before? Shown by a look at all it can read.

A `look` before a trace and one before the next export are compared: where they are equal, tracing
again would give the same graph, so that only the values of the variables are written anew. What a
trace changes itself (a counter in `call`) shows in a look after it. What is looked at, trusted,
refused, and what can be missed: `docs/decisions/010-shown-not-assumed.md`.
"""

from __future__ import annotations

from sm_magics.savedmodel.unchanged.looks import Look, look

__all__ = ["Look", "look"]
