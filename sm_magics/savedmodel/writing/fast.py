"""The fast way: what was traced is written as it is, and nothing is built twice.

`tf.saved_model.save` makes a graph of Python objects for every variable, its reading, saving and
restoring, and searches the captures of custom gradients by comparing tensors: that is most of its
time. Here TensorFlow lists the objects, calls the signatures and makes the graph of them, by the
functions that it uses itself; what is many, of the same form and known beforehand is put down as
protos (the saver) or as bytes (the values). What is not known is left to TensorFlow.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

from sm_magics.savedmodel import tf_private
from sm_magics.savedmodel.tf_private import assembly, outer_graph
from sm_magics.savedmodel.writing import checkpoint, gradients, saver, stripping
from sm_magics.savedmodel.writing.refusal import UnknownError, refuse_options
from sm_magics.savedmodel.writing.values import of_view

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sm_magics.savedmodel.signatures.endpoints import Endpoint
    from sm_magics.savedmodel.tf_private.assembly import View
    from sm_magics.savedmodel.writing.values import Value

__all__ = ["UnknownError", "write"]


class Package(NamedTuple):
    """A SavedModel but for the values of its variables.

    Attributes
    ----------
    graph : bytes
        `saved_model.pb`.
    objects : bytes
        The TrackableObjectGraph of the checkpoint.
    values : list of Value
        The variables.
    traces : Counter
        How many traces of each kind can be called after a load: see `tf_private.kind_of_trace`.
    """

    graph: bytes
    objects: bytes
    values: list[Value]
    traces: Counter[tuple[str, str]]


def write(
    root: Any,
    endpoints: Sequence[Endpoint],
    directory: Path,
    options: Any,
    package: Package | None = None,
) -> Package:
    """Write a SavedModel whose functions are those that were traced.

    Parameters
    ----------
    root : Trackable
    endpoints : sequence of Endpoint
    directory : Path
        Is made; gone again if something is unknown. Other errors leave it to the caller.
    options : tf.saved_model.SaveOptions or None
    package : Package, optional
        What was written of the same root before; only the values are then written anew.

    Returns
    -------
    Package
        What was written.

    Raises
    ------
    UnknownError
        If something must be left to TensorFlow.
    """
    import tensorflow as tf

    if package is None:
        refuse_options(options)
        options = options or tf.saved_model.SaveOptions()
        served = {endpoint.signature.key: endpoint.concrete for endpoint in endpoints}
        view = assembly.view(root, served, options)
        values = of_view(view)
        objects = checkpoint.object_graph(view, values)
    else:
        _, objects, values, _ = package
    prefix = directory / "variables" / "variables"
    prefix.parent.mkdir(parents=True)
    (directory / "assets").mkdir()  # empty, as TensorFlow leaves it
    try:
        with ThreadPoolExecutor(1) as aside:
            written = aside.submit(checkpoint.write, values, objects, prefix)
            if package is None:
                graph = _saved_model(view, values, objects)
                traces = Counter(map(tf_private.kind_of_trace, view.traces))
                package = Package(graph, objects, values, traces)
            written.result()
    except UnknownError:
        shutil.rmtree(directory)
        raise
    # Last: whoever sees it takes the directory for whole.
    (directory / "saved_model.pb").write_bytes(package.graph)
    assembly.write_fingerprint(str(directory))
    return package


def _saved_model(view: View, values: Sequence[Value], objects: bytes) -> bytes:
    import tensorflow as tf
    from tensorflow.core.protobuf import saved_model_pb2

    model = saved_model_pb2.SavedModel(saved_model_schema_version=1)
    meta = model.meta_graphs.add()
    graph = outer_graph.new_graph()
    try:
        handles = _fill(meta, graph, view, values)
    finally:
        assembly.dismantle(graph)
    saver.add(meta, values, handles, objects)
    stripping.strip(meta)
    meta.meta_info_def.stripped_op_list.MergeFrom(assembly.used_ops(meta.graph_def))
    meta.meta_info_def.tags.extend([tf.saved_model.SERVING, *(view.options.extra_tags or ())])
    meta.meta_info_def.tensorflow_version = tf.version.VERSION
    meta.meta_info_def.tensorflow_git_version = tf.version.GIT_VERSION
    return bytes(model.SerializeToString(deterministic=True))


def _fill(meta: Any, graph: Any, view: View, values: Sequence[Value]) -> list[str]:
    """Fill a MetaGraphDef but for the saver; return the nodes that stand for the variables."""
    import tensorflow as tf

    variables = {value.node_id: value.variable for value in values}
    mapped, tensors = assembly.identity_dictionary(), assembly.identity_dictionary()
    with graph.as_default():
        ordered = view.ordered()
        handles = {
            node_id: _free_name(graph, assembly.shared_name(variables[node_id]))
            for node_id in ordered
            if node_id in variables
        }
        outer_graph.add_handles(view, handles, tensors)
        for node_id in ordered:
            if node_id not in variables:
                assembly.export_to_graph(view, node_id, mapped, tensors)
        signatures = assembly.signature_defs(view, mapped)
        # Nothing to do at the start; loaders look for it under either name.
        started = tf.no_op()
        meta.collection_def[assembly.MAIN_OP_KEY].node_list.value.append(started.name)
        signatures[assembly.INIT_OP_KEY] = assembly.op_signature(started, assembly.INIT_OP_KEY)
    registered = gradients.add(graph, view) if view.options.experimental_custom_gradients else []
    meta.graph_def.MergeFrom(assembly.graph_def_with_shapes(graph))
    meta.graph_def.library.registered_gradients.extend(registered)
    for key, signature in signatures.items():
        meta.signature_def[key].CopyFrom(signature)
    meta.object_graph_def.CopyFrom(assembly.object_graph(view))
    return [handles[node_id] for node_id in variables]


def _free_name(graph: Any, name: str) -> str:
    """Return a name for a node that it may have and nobody else has, like the one given."""
    valid = re.sub(r"[^A-Za-z0-9_./-]", "_", name)
    if not re.match(r"[A-Za-z0-9.]", valid):
        valid = f"v{valid}"
    return str(graph.unique_name(valid))
