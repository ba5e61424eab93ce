"""Plain structures of any form: a copy looks the same, and one change anywhere is seen."""

import copy
import math
import types

from hypothesis import given, settings
from hypothesis import strategies as st

from sm_magics.savedmodel import unchanged

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats(allow_nan=True)
    | st.text(max_size=3)
    | st.binary(max_size=3)
)
STRUCTURES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=2) | st.integers(0, 3), inner, max_size=4)
    ),
    max_leaves=12,
)


def looked(value):
    return unchanged.look(types.SimpleNamespace(value=value))


def parts(value, path=()):
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from parts(value[key], (*path, key))
    elif isinstance(value, list | tuple):
        for at, part in enumerate(value):
            yield from parts(part, (*path, at))


def put(value, path, new):
    if not path:
        return new
    first, *rest = path
    if isinstance(value, tuple):
        return tuple(put(part, rest, new) if at == first else part for at, part in enumerate(value))
    value[first] = put(value[first], rest, new)
    return value


def at(value, path):
    for step in path:
        value = value[step]
    return value


def is_same(one, two):
    """Tell whether two plain values are the same to a trace: 1 is neither 1.0 nor True."""
    if type(one) is not type(two):
        return False
    if isinstance(one, float):
        both_nan = math.isnan(one) and math.isnan(two)
        return both_nan or (one == two and math.copysign(1, one) == math.copysign(1, two))
    if isinstance(one, dict):
        return list(map(repr, one)) == list(map(repr, two)) and all(
            map(is_same, one.values(), two.values())
        )
    if isinstance(one, list | tuple):
        return len(one) == len(two) and all(map(is_same, one, two))
    return one == two


@settings(max_examples=60, deadline=None)
@given(STRUCTURES)
def test_a_copy_looks_the_same(value):
    one, two = looked(value), looked(copy.deepcopy(value))
    assert one.reason == ""
    assert one.difference(two) == ""
    assert one == two


@settings(max_examples=100, deadline=None)
@given(st.data(), STRUCTURES, LEAVES)
def test_one_change_is_seen(data, value, new):
    path = data.draw(st.sampled_from(list(parts(value))))
    changed = put(copy.deepcopy(value), path, new)
    before, after = looked(value), looked(changed)
    assert (before == after) == is_same(at(value, path), new)
    assert bool(before.difference(after)) == (before != after)
