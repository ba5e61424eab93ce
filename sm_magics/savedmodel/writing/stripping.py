"""Attributes that have their default value are left out, so that older releases can read the rest.

As `meta_graph.strip_graph_default_valued_attrs`, which looks each op up anew for every node.
"""

from __future__ import annotations

import functools
from typing import Any

from sm_magics.savedmodel.tf_private import assembly


def strip(meta: Any) -> None:
    """Strip the nodes of a MetaGraphDef and of its functions; say so in its `meta_info_def`."""
    defaults = functools.cache(_defaults)
    for nodes in (
        meta.graph_def.node,
        *(function.node_def for function in meta.graph_def.library.function),
    ):
        for node in nodes:
            known = defaults(node.op)
            attributes = node.attr
            for name in [name for name in known if name in attributes]:
                if attributes[name] == known[name]:
                    del attributes[name]
    meta.meta_info_def.stripped_default_attrs = True


def _defaults(kind: str) -> dict[str, Any]:
    definition = assembly.op_def(kind)
    attributes = [] if definition is None else definition.attr
    return {one.name: one.default_value for one in attributes if one.HasField("default_value")}
