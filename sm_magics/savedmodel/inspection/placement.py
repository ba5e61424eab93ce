"""Which devices a saved graph names, leaving out those of the saver; see `graphs.written`."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sm_magics.savedmodel.graphs import written
from sm_magics.savedmodel.inspection import protos


def devices(meta_graph: Any, main: dict[str, Any], pinned: set[str]) -> dict[str, int]:
    """Return device -> number of reachable nodes of a MetaGraphDef that it is hard-coded on.

    Parameters
    ----------
    meta_graph : MetaGraphDef
        The graph, skimmed (see `protos.skimmed`).
    main : dict of str to NodeDef
        The nodes of its main graph by name.
    pinned : set of str
        Names of its functions with a pinned node.
    """
    saver = written.Saver(meta_graph.saver_def, main, protos.whole)
    suspect = any(node.device and not saver.owns(node) for node in main.values())
    if not suspect and pinned <= saver.functions:
        return {}  # nothing but the saver's: no need to walk
    reached = written.nodes(protos.whole(meta_graph))
    return dict(Counter(node.device for node in reached if node.device).most_common())
