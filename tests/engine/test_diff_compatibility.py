"""Which changes of signatures break clients: each direction of each."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sm_magics.savedmodel.signatures import Signature, Spec
from sm_magics.savedmodel.signatures.compatibility import breaking, changes

MIRRORED = {
    "added": "removed",
    "removed": "added",
    "narrower shape": "wider shape",
    "wider shape": "narrower shape",
}
SHAPES = st.none() | st.lists(st.none() | st.integers(1, 2), max_size=2).map(tuple)
SPECS = st.dictionaries(
    st.sampled_from("xyz"), st.tuples(st.sampled_from(["int64", "float32"]), SHAPES), max_size=3
).map(lambda named: tuple(Spec(name, *held) for name, held in named.items()))
SIGNATURES = st.dictionaries(st.sampled_from("ab"), st.tuples(SPECS, SPECS)).map(
    lambda keyed: [Signature(key, "f", *sides) for key, sides in keyed.items()]
)


def spec(name="x", dtype="float32", shape=(None, 4)):
    return Spec(name, dtype, shape)


def serves(inputs=(), outputs=(), key="serving_default", function="f"):
    return [Signature(key, function, tuple(inputs), tuple(outputs))]


@pytest.mark.parametrize(
    ("old", "new", "what", "breaks"),
    [
        ((None, 4), (2, 4), "narrower shape", True),
        ((2, 4), (None, 4), "wider shape", False),
        (None, (None, 4), "narrower shape", True),
        ((None, 4), None, "wider shape", False),
        ((3, 4), (3, 5), "other shape", True),
        ((None, 4), (None, 4, 1), "other shape", True),
        ((None, 4), (2, None), "other shape", True),
    ],
)
def test_the_shape_of_an_input(old, new, what, breaks):
    (found,) = changes(serves([spec(shape=old)]), serves([spec(shape=new)]))
    assert (found.part, found.what, found.breaks) == ("input", what, breaks)


@pytest.mark.parametrize(
    ("old", "new", "what", "breaks"),
    [
        ((None, 4), (2, 4), "narrower shape", False),
        ((2, 4), (None, 4), "wider shape", True),
        (None, (None, 4), "narrower shape", False),
        ((None, 4), None, "wider shape", True),
        ((3, 4), (3, 5), "other shape", True),
        ((None, 4), (None,), "other shape", True),
    ],
)
def test_the_shape_of_an_output(old, new, what, breaks):
    (found,) = changes(serves((), [spec(shape=old)]), serves((), [spec(shape=new)]))
    assert (found.part, found.what, found.breaks) == ("output", what, breaks)


def test_an_output_that_follows_a_freed_batch_breaks_nobody():
    old = serves([spec(shape=(1, 4))], [spec("y", shape=(1, 5))])
    new = serves([spec()], [spec("y", shape=(None, 5))])
    assert [change.what for change in changes(old, new)] == ["wider shape"] * 2
    assert breaking(old, new) == ()
    assert {(c.part, c.what) for c in breaking(new, old)} == {("input", "narrower shape")}


def test_tensors_that_come_and_go():
    one, two = [spec()], [spec(), spec("y", "int32")]
    assert [c.what for c in breaking(serves(one), serves(two))] == ["added"]
    assert [c.what for c in breaking(serves(two), serves(one))] == ["removed"]
    assert breaking(serves((), one), serves((), two)) == ()
    assert [c.what for c in breaking(serves((), two), serves((), one))] == ["removed"]


@pytest.mark.parametrize("part", ["input", "output"])
def test_a_rename_is_one_change_where_there_is_no_choice(part):
    def side(*specs):
        return serves(specs) if part == "input" else serves((), specs)

    (found,) = breaking(side(spec("x")), side(spec("image")))
    assert (found.part, found.what) == (part, "renamed")
    assert (found.old.name, found.new.name) == ("x", "image")
    assert found.effect in str(found)
    choice = changes(side(spec("a"), spec("b")), side(spec("c"), spec("d")))
    assert {c.what for c in choice} == {"added", "removed"}


@pytest.mark.parametrize("part", [0, 1])
def test_another_dtype_breaks_both_ways(part):
    sides = [[(), ()], [(), ()]]
    sides[0][part], sides[1][part] = [spec()], [spec(dtype="float64")]
    (found,) = breaking(serves(*sides[0]), serves(*sides[1]))
    assert found.what == "other dtype"
    assert breaking(serves(*sides[1]), serves(*sides[0]))


def test_whole_signatures():
    both = serves(key="a") + serves(key="b")
    assert [(c.key, c.what) for c in breaking(both, both[:1])] == [("b", "removed")]
    assert breaking(both[:1], both) == ()
    assert [c.what for c in changes(both[:1], both)] == ["added"]


def test_order_and_functions_mean_nothing():
    old = serves([spec("a"), spec("b")], function="f_1") + serves(key="z")
    new = serves(key="z") + serves([spec("b"), spec("a")], function="f_2")
    assert changes(old, new) == ()


def test_what_breaks_comes_first():
    old = serves([spec(shape=(2, 4))], key="a") + serves([spec()], key="b")
    new = serves([spec()], key="a") + serves([spec(shape=(2, 4))], key="b")
    assert [c.key for c in changes(old, new)] == ["b", "a"]


@given(SIGNATURES)
def test_nothing_differs_from_itself(signatures):
    assert changes(signatures, signatures) == ()


@given(SIGNATURES, SIGNATURES)
def test_the_way_back_mirrors_the_way(old, new):
    there = {(c.key, c.part, MIRRORED.get(c.what, c.what), c.new, c.old) for c in changes(old, new)}
    assert there == {(c.key, c.part, c.what, c.old, c.new) for c in changes(new, old)}
