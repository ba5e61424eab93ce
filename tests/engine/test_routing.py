"""Whatever nested inputs and outputs are accepted: each tensor reaches the argument it is for."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sm_magics
from sm_magics.savedmodel.signatures import Spec, spec_text
from sm_magics.savedmodel.signatures.endpoints import flat_outputs

NAMES = st.from_regex(r"[a-zA-Z][a-zA-Z0-9_]{0,6}", fullmatch=True).filter(
    lambda name: name not in {"self", "None", "True", "False"} and not _is_keyword(name)
)
SCALAR = tf.TensorSpec([], tf.float32)


def _is_keyword(name):
    import keyword

    return keyword.iskeyword(name)


def structures(leaves):
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3),
            st.lists(inner, min_size=1, max_size=3).map(tuple),
            st.dictionaries(NAMES, inner, min_size=1, max_size=3),
        ),
        max_leaves=6,
    )


@st.composite
def named_inputs(draw):
    """A structure of TensorSpecs, each with a name of its own; names differ by case too."""
    structure = draw(structures(st.just(SCALAR)))
    count = len(tf.nest.flatten(structure))
    names = draw(st.lists(NAMES, min_size=count, max_size=count, unique_by=str.lower))
    named = [tf.TensorSpec([], tf.float32, name=name) for name in names]
    return tf.nest.pack_sequence_as(structure, named), names


SLOW = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


@SLOW
@given(named_inputs())
def test_each_named_input_reaches_its_place(tmp_path_factory, drawn):
    structure, names = drawn

    class Routed(tf.Module):
        @tf.function(input_signature=[structure])
        def serve(self, argument):
            leaves = tf.nest.flatten(argument)
            return {f"out_{i}": leaf + float(i) for i, leaf in enumerate(leaves)}

    path = tmp_path_factory.mktemp("routed") / "out"
    result = sm_magics.export(Routed(), path)
    assert sorted(spec.name for spec in result.signatures[0].inputs) == sorted(names)
    loaded = tf.saved_model.load(str(path))
    feeds = {name: tf.constant(100.0 * (i + 1)) for i, name in enumerate(names)}
    outputs = loaded.signatures["serving_default"](**feeds)
    # `names` follow the order of tf.nest, as the leaves of the body do.
    for i in range(len(names)):
        assert outputs[f"out_{i}"].numpy() == 100.0 * (i + 1) + i


@SLOW
@given(structures(st.integers(1, 99)))
def test_each_output_has_the_name_of_its_path(tmp_path_factory, structure):
    class Flat(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([], tf.float32, name="x")])
        def serve(self, x):
            return tf.nest.map_structure(lambda value: x * float(value), structure)

    path = tmp_path_factory.mktemp("flat") / "out"
    sm_magics.export(Flat(), path, flatten=True)
    loaded = tf.saved_model.load(str(path))
    outputs = loaded.signatures["serving_default"](x=tf.constant(2.0))
    assert len(outputs) == len(tf.nest.flatten(structure))
    for name, output in outputs.items():
        assert output.numpy() == 2.0 * _at(structure, name)


def _at(structure, name):
    # The outermost list or single output has its place in the name: output_0.
    if not isinstance(structure, dict):
        structure = structure if isinstance(structure, list | tuple) else [structure]
        structure = {f"output_{i}": part for i, part in enumerate(structure)}
    part = structure
    for step in name.split("."):
        part = part[int(step)] if isinstance(part, list | tuple) else part[step]
    return part


@given(st.lists(st.tuples(NAMES, st.sampled_from(["ragged", "sparse"])), unique_by=lambda p: p[0]))
def test_parse_of_format_is_the_identity_for_ragged_and_sparse(named):
    specs = tuple(Spec(name, "int64", (None, None, 3), kind) for name, kind in named)
    if specs:
        assert spec_text.parse_specs(spec_text.format_specs(specs)) == specs


def test_an_empty_structure_has_no_names():
    import pytest

    from sm_magics.savedmodel.signatures.endpoints import UnnamedOutputError

    with pytest.raises(UnnamedOutputError, match="no tensor at all"):
        flat_outputs({"a": []})
    assert np.array_equal(flat_outputs([tf.constant(1)])["output_0"], 1)
