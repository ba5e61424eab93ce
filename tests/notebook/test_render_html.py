"""Results as HTML: harmless whatever names hold, folded, readable without colour."""

import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sm_magics.notebook import render, words
from sm_magics.notebook.progress import Progress
from sm_magics.savedmodel.capture import Model
from sm_magics.savedmodel.diagnostics import Diagnostic, Severity
from sm_magics.savedmodel.inspection import File, Inspection, Loadable, MetaGraph, Variable
from sm_magics.savedmodel.result import Result
from sm_magics.savedmodel.signatures import Signature, Spec
from sm_magics.savedmodel.verify import OutputCheck, SignatureCheck, Verification

EVIL = "<img src=x onerror=alert(1)>"
TAGS = {"div", "style", "span", "b", "code", "pre", "ul", "li", "dl", "dt", "dd", "progress"}
TAGS |= {"table", "caption", "thead", "tbody", "tr", "th", "td", "details", "summary"}
ATTRIBUTES = {"class", "style", "role", "scope", "open", "max", "value"}
ATTRIBUTES |= {"aria-label", "aria-hidden", "aria-current"}


class Page(HTMLParser):
    """What a browser would make of the HTML: elements, attributes, text, and what is unbalanced."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.folds, self.texts = Counter(), [], [], []
        self.open = []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        self.attributes += [(tag, name, value) for name, value in attrs]
        self.open.append(tag)
        if tag == "details":
            self.folds.append("open" in dict(attrs))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        if "style" not in self.open:
            self.texts.append(text)

    @property
    def text(self):
        return " ".join("".join(self.texts).split())

    def values(self, tag, name):
        return [value for t, n, value in self.attributes if (t, n) == (tag, name)]


def page(result):
    return Page(render.bundle(result)["text/html"])


def inspection(name="w", count=3, text=""):
    base = text.replace("/", "_")
    graph = MetaGraph(
        tags=(f"serve{text}",),
        signatures=(signature(text),),
        functions=(Loadable(f"f{text}", 1),),
        ops={f"MatMul{text}": 2},
        devices={f"/GPU:0{text}": 1},
        versions={f"tensorflow{text}": f"2.21.0{text}"},
        aliases=(),
        initialisers={},
    )
    return Inspection(
        path=Path("/m") / f"n{base}",
        files=(File(f"a{base}", 1, f"asset{text}"), File(f"v/b{base}", 2, "")),
        variables=tuple(
            Variable(f"{name}{i}{text}", "k", f"float32{text}", (2,), 8) for i in range(count)
        ),
        fingerprint={f"hash{text}": f"1{text}"},
        meta_graphs=(graph, graph),
    )


def signature(text=""):
    spec = Spec(f"x{text}", f"float32{text}", (None, 4))
    return Signature(f"key{text}", f"serve{text}", (spec,), (spec,), f"why{text}")


def result(text="", status="equal", verification=None):
    check = SignatureCheck(
        f"key{text}",
        status,
        (
            OutputCheck(f"o{text}", "f", equal=False, max_abs=1.0, max_rel=1.0),
            OutputCheck("p", "f", equal=True, max_abs=0.0, max_rel=0.0),
        ),
        f"reason{text}",
        f"note{text}",
    )
    return Result(
        path=inspection(text=text).path,
        findings=(finding(text),),
        inspection=inspection(text=text),
        bytes=3,
        seconds={f"save{text}": 1.0},
        verification=verification or Verification("run", (check,), f"reason{text}"),
        signatures=(signature(text),),
        model=f"model{text} (functional{text})",
    )


def finding(text="", severity=Severity.ERROR):
    return Diagnostic(
        code=f"SM201{text}",
        severity=severity,
        message=f"message{text}",
        hint=f"hint `code{text}`",
        function=f"f{text}",
        cell=3,
    )


def model(text=""):
    names = (f"m{text}", f"alias{text}")
    kind = f"module{text}"
    return Model(names, kind, f"TensorFlow{text}", "A", None, 1, 4, (f"f{text}", "g"), 6)


def everything(text=""):
    return [
        result(text),
        result(text, "differs"),
        result(text, "not verified"),
        inspection(text=text),
        finding(text),
        render.Findings([finding(text)], f"subject{text}"),
        model(text),
        render.Models([model(text), model(text)]),
        Progress(f"p{text}", 1.0, 3, phases=(f"p{text}", f"q{text}"), subject=f"s{text}"),
    ]


@pytest.mark.parametrize("shown", everything(EVIL), ids=lambda shown: type(shown).__name__)
def test_a_model_called_like_an_attack_is_harmless(shown):
    seen = page(shown)
    assert set(seen.tags) <= TAGS
    assert {name for _, name, _ in seen.attributes} <= ATTRIBUTES
    assert EVIL in seen.text


PLAIN = [page(shown) for shown in everything()]


@settings(deadline=None, max_examples=30)
@given(st.text(st.characters(codec=None), max_size=30))
def test_no_name_makes_elements_or_gets_lost(text):
    for known, shown in zip(PLAIN, everything(text), strict=True):
        seen = page(shown)
        # Backquotes set code, and only code.
        assert seen.tags - known.tags <= Counter(code=99)
        assert {name for _, name, _ in seen.attributes} <= ATTRIBUTES
        if "`" not in text:
            assert " ".join(words.printable(text).split()) in seen.text


def test_the_first_line_says_the_outcome():
    told = page(result()).text
    said = "✓ Exported model (model (functional)) to /m/n: 3 bytes, 1 signature, verified"
    assert told.startswith(said)


@pytest.mark.parametrize(
    ("status", "mark", "told"),
    [
        ("equal", "✓", "✓ equal max abs 1, max rel 1; reason; note"),
        ("differs", "✗", "✗ differs max abs 1, max rel 1; reason; note o differs"),
        ("fails", "✗", "✗ fails max abs 1, max rel 1; reason; note"),
        ("shapes", "○", "○ shapes equal values not compared, because reason; note"),
        ("not verified", "○", "○ not verified because reason; note"),
    ],
)
def test_the_verification_of_a_signature_has_a_mark_and_words(status, mark, told):
    seen = page(result(status=status))
    assert seen.text.startswith(f"{mark} Exported")
    assert told in seen.text


def test_a_skipped_verification_never_reads_as_verified():
    seen = page(result(verification=Verification("none", reason="--no-verify")))
    assert seen.text.startswith("○ Exported")
    assert "1 signature, not verified" in seen.text
    assert "○ not verified" in seen.text
    assert "✓" not in seen.text


@pytest.mark.parametrize("severity", Severity)
def test_severity_is_written_not_only_coloured(severity):
    seen = page(render.Findings([finding(severity=severity)] * 2))
    assert seen.text.count(f"{severity.value} SM201") == 2


def test_tables_have_names_and_scopes():
    for shown in (result(), inspection(), render.Models([model()])):
        seen = page(shown)
        named = len(seen.values("table", "aria-label")) + seen.tags["caption"]
        assert named == seen.tags["table"] > 0
        assert Counter(seen.values("th", "scope")).total() == seen.tags["th"] > 0


def test_what_is_long_is_folded():
    short, long = page(inspection(count=3)), page(inspection(count=40))
    assert sum(long.folds) == sum(short.folds) - 1
    assert len(long.folds) == len(short.folds)


def test_a_result_lists_the_largest_variables_and_an_inspection_says_what_it_leaves_out():
    seen = page(inspection(count=700))
    assert "… and 200 more, 1.6 kB" in seen.text
    assert "w699" in render.bundle(inspection(count=700))["text/plain"]


def test_progress_is_a_progress_element():
    seen = page(Progress("verify", 2.3, 182_000))
    assert (seen.values("progress", "value"), seen.values("progress", "max")) == (["3"], ["5"])
    assert seen.text == (
        "Exporting check ✓ save ✓ inspect ✓ verify … publish 2.3 s, 182.0 kB written"
    )
    assert seen.values("div", "role") == ["group", "status"]


def test_nothing_found_and_nothing_there_say_so():
    assert page(render.Findings([], "m")).text == "✓ m: no findings"
    assert page(render.Models()).text == words.NO_MODELS


def test_every_style_rule_stays_within_our_results():
    css = files("sm_magics.notebook").joinpath("style.css").read_text("utf-8")
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    selectors = [one for one in re.findall(r"([^{}]+)\{", css) if not one.strip().startswith("@")]
    # A comma within :is(…) separates no selectors.
    parts = [p for one in selectors for p in re.sub(r"\([^)]*\)", "", one).split(",")]
    assert len(parts) > 50
    assert [part for part in parts if ".sm-magics" not in part] == []


def test_classes_in_templates_and_style_sheet_are_the_same():
    css = files("sm_magics.notebook").joinpath("style.css").read_text("utf-8")
    styled = set(re.findall(r"\.(sm-[a-z-]+)", css))
    quoted = replace(finding("", Severity.INFO), source="with tf.device(x):", line=3)
    shown = [*everything(), result(status="shapes"), *map(finding, [""] * 3, Severity), quoted]
    classes = [value for one in shown for _, name, value in page(one).attributes if name == "class"]
    used = {name for value in classes for name in value.split()}
    assert styled - used == set()
