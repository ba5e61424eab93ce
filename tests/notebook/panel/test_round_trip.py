"""Whatever a request says, the controls hold it; what is clicked together says what it shows."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sm_magics.notebook.panel.form import ROWS
from sm_magics.notebook.request_text import RequestText
from sm_magics.savedmodel.options import OPTIONS
from sm_magics.savedmodel.signatures import Spec, spec_text

PIECES = st.sampled_from([*"\n\r,'\"=; \t#()[]{}$%é\xa0", "\r\n", "a", "x: float32[3]", "k=", ""])
CHARACTERS = st.characters(exclude_categories=["Cs"])
TEXTS = st.lists(PIECES | CHARACTERS, max_size=6).map("".join)
WORDS = TEXTS.filter(bool)
NAMES = st.sampled_from(["x", "y", "images", "é", "serve", "long_name"])
SIZES = st.none() | st.integers(0, 2**63 - 1) | st.sampled_from([1, 3, 224])
SPECS = st.builds(
    Spec,
    NAMES,
    st.sampled_from(sorted(spec_text.DTYPES - {"half", "double"})),
    st.none() | st.lists(SIZES, max_size=4).map(tuple),
    st.sampled_from(["", "sparse"]),
) | st.builds(
    Spec,
    NAMES,
    st.sampled_from(["float32", "string"]),
    st.just((None, None)) | st.just((3, None, 2)),
    st.just("ragged"),
)
SEVERAL_SPECS = st.lists(SPECS, max_size=3, unique_by=lambda spec: spec.name)
PATHS = st.sampled_from(["serve", "part.double", "layers[0]", "table['a=b']", 'table["a(b"]'])
KEYS = st.sampled_from(["", "k=", "serving_default=", "two words=", " spaced = "])


@st.composite
def signature_texts(draw):
    takes = draw(st.none() | SEVERAL_SPECS)
    specs = "" if takes is None else f"({', '.join(map(str, takes))})"
    key, path = draw(KEYS), draw(PATHS)
    # Specs after such a path can't be told from a key that ends at its "=".
    key = "k=" if specs and "=" in path else key
    return f"{key}{path}{specs}"


def values(option):
    if option.kind in ("flag", "off"):
        return st.just(True)  # noqa: FBT003, what is typed
    if option.name == "signatures":
        return st.lists(signature_texts() | TEXTS, min_size=1, max_size=3)
    if option.name == "inputs":
        return SEVERAL_SPECS.filter(bool).map(lambda specs: [str(spec) for spec in specs])
    one = st.sampled_from(option.choices) if option.choices else TEXTS
    if option.kind == "list":
        # Boxes say what is ticked, in the order of the table.
        many = st.lists(one, min_size=1, max_size=3, unique=bool(option.choices))
        return (
            many if not option.choices else many.map(lambda v: sorted(v, key=option.choices.index))
        )
    if option.kind == "pairs":
        return st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=3)
    # A text that is empty is none: `with_options` takes it out.
    return one.filter(bool)


GIVEN = st.fixed_dictionaries({}, optional={option.name: values(option) for option in OPTIONS})
REQUESTS = st.builds(RequestText, st.sampled_from(["pair", "model"]), WORDS | st.just(""), GIVEN)
FEW = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def read_back(panel) -> RequestText:
    """What a person sees in the controls."""
    fields = [*panel.options.fields, *panel.destination.fields]
    given = {field.option.name: field.value for field in fields}
    given["signatures"] = [row.text.value for row in panel.signatures._rows]
    given["inputs"] = list(panel.signatures.inputs._table.texts)
    assert set(given) == {option.name for option in OPTIONS}
    return RequestText(panel.picker.control.value, panel.destination.control.value, given)


@pytest.fixture
def panel(opened):
    made = opened("pair")
    made.keeps_checking = False
    return made


def test_every_option_has_one_control_with_its_help(panel):
    fields = [*panel.options.fields, *panel.destination.fields]
    shown = [field.option.name for field in fields]
    assert sorted(shown) == sorted(o.name for o in OPTIONS if o.name not in ROWS)
    for field in fields:
        told = field.complaint.widget.value
        told = told.replace("&#39;", "'").replace("&lt;", "<").replace("&#34;", '"')
        assert (field.option.unavailable or field.option.help) in told
        disabled = [control.disabled for control in field.controls]
        assert set(disabled) == {bool(field.option.unavailable)}


def test_the_controls_hold_whatever_a_request_says(panel):
    @FEW
    @given(REQUESTS)
    def holds(request):
        panel.request = request
        assert panel.request == request
        assert read_back(panel) == request

    holds()


def test_a_control_that_is_changed_changes_its_option_alone(panel):
    @FEW
    @given(REQUESTS, st.sampled_from(["SM201", "SM2,SM3", "a b"]))
    def holds(request, code):
        panel.request = request
        field = next(f for f in panel.options.fields if f.option.name == "ignore")
        field.controls[0].value = code
        assert panel.request == request.with_options(ignore=(code,))

    holds()


def test_what_is_clicked_together_means_what_the_text_meant(panel):
    @FEW
    @given(signature_texts())
    def holds(text):
        panel.request = RequestText("pair", "", {"signatures": [text]})
        (row,) = panel.signatures._rows
        before = spec_text.parse_signature(text)
        row.key.value += "_more"
        after = spec_text.parse_signature(row.text.value)
        assert after == ((before[0] or "") + "_more", *before[1:])
        row.key.value = before[0] or ""
        assert spec_text.parse_signature(row.text.value) == before
        assert panel.request.given["signatures"] == (row.text.value,)

    holds()


def test_inputs_that_are_edited_in_the_table_are_those_of_the_request(panel):
    @FEW
    @given(SEVERAL_SPECS.filter(bool))
    def holds(specs):
        panel.request = RequestText("pair", "", {"inputs": [str(spec) for spec in specs]})
        first = panel.signatures.inputs._table._rows[0]
        first.name.value = "renamed"
        (read, *others) = panel.request.given["inputs"]
        renamed = Spec("renamed", specs[0].dtype, specs[0].shape, specs[0].kind)
        assert spec_text.parse_specs(read) == (renamed,)
        assert others == [str(spec) for spec in specs[1:]]

    holds()
