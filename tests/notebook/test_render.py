"""Results as text: what a terminal, a log and a diff see."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sm_magics.notebook import render
from sm_magics.notebook.progress import Progress
from sm_magics.savedmodel.capture import Model
from sm_magics.savedmodel.diagnostics import Diagnostic, Severity
from sm_magics.savedmodel.display import Displayable
from sm_magics.savedmodel.inspection import (
    Argument,
    File,
    Inspection,
    Loadable,
    MetaGraph,
    Variable,
)
from sm_magics.savedmodel.result import Result
from sm_magics.savedmodel.signatures import Signature, Spec
from sm_magics.savedmodel.verify import OutputCheck, SignatureCheck, StructureCheck, Verification

SIGNATURE = Signature(
    "serving_default",
    "model.serve",
    (Spec("x", "float32", (None, 4)),),
    (Spec("out", "float32", (None, 5)),),
    "the only function",
)
GRAPH = MetaGraph(
    tags=("serve",),
    signatures=(SIGNATURE._replace(function="wrapped_7", why=""),),
    functions=(Loadable("encoder.embed", 2),),
    ops={"Add": 1, "MatMul": 12, "Abs": 1},
    devices={"/device:GPU:0": 3},
    versions={"tensorflow": "2.21.0", "producer": "2501", "min_consumer": "12"},
    aliases=(),
    initialisers={},
)
INSPECTION = Inspection(
    path=Path("/models/m"),
    files=(
        File("assets/", 0, "assets (empty)"),
        File("saved_model.pb", 1_500, "graph and signatures"),
        File("variables/variables.index", 500, "variables index"),
    ),
    variables=tuple(Variable(f"w{i}", f"k{i}", "float32", (i, 2), 8 * i) for i in range(1, 9)),
    fingerprint={"checkpoint_hash": "834"},
    meta_graphs=(GRAPH,),
)
EQUAL = SignatureCheck(
    "serving_default",
    "equal",
    (OutputCheck("out", "float32", equal=True, max_abs=1.2e-7, max_rel=3e-6),),
)
RAN = "equal: max abs 1.2e-07, max rel 3e-06"
RESULT = Result(
    path=Path("/models/m"),
    findings=(),
    inspection=INSPECTION,
    bytes=2_000,
    seconds={"check": 0.012, "save": 1.84},
    verification=Verification("run", (EQUAL,)),
    signatures=(SIGNATURE,),
    model="Functional, Keras 3",
)
FOUND = Diagnostic(
    code="SM201", severity=Severity.ERROR, message="no signature", hint="add one", cell=3, line=7
)
MODEL = Model(("m", "ms[0]"), "module", "TensorFlow", "Adder", None, 1, 4, ("add",), 6)
PROGRESS = Progress("inspect", 2.31, 182_000, subject="m")
EVERYTHING = [RESULT, INSPECTION, FOUND, render.Findings([FOUND], "m"), MODEL, PROGRESS]


def text(result):
    return render.bundle(result)["text/plain"]


def section(result, title):
    """The lines below a title, without their indentation."""
    blocks = (block.split("\n") for block in text(result).split("\n\n"))
    found = [lines[1:] for lines in blocks if lines[0].startswith(title)]
    assert len(found) == 1, text(result)
    return [line.removeprefix("  ") for line in found[0]]


def test_the_first_line_of_a_result_says_the_outcome():
    assert text(RESULT).split("\n")[0] == (
        "Exported model (Functional, Keras 3) to /models/m: 2.0 kB, 1 signature, verified"
    )
    replaced = replace(RESULT, replaced=True, findings=(FOUND,))
    assert (
        text(replaced).split("\n")[0].endswith("verified, the older export was replaced, 1 error")
    )


def test_signatures_are_one_line_where_they_fit():
    assert section(RESULT, "Signatures") == [
        "serving_default  x: float32[None, 4] -> out: float32[None, 5]",
        "                 model.serve; the only function",
    ]


def test_long_signatures_have_a_line_for_each_tensor():
    specs = tuple(Spec(f"feature_{i}", "float32", (None, 1)) for i in range(9))
    wide = SIGNATURE._replace(inputs=specs)
    lines = section(replace(RESULT, signatures=(wide,)), "Signatures")
    assert lines[0] == "serving_default  feature_0: float32[None, 1]"
    assert lines[8:10] == [
        "                 feature_8: float32[None, 1]",
        "                 -> out: float32[None, 5]",
    ]


def test_a_directory_without_signatures_says_what_that_means():
    bare = INSPECTION._replace(meta_graphs=(GRAPH._replace(signatures=()),))
    assert section(bare, "Signatures") == ["none: a server can call nothing in it"]


def test_a_result_has_the_largest_variables_and_the_sum_of_the_rest():
    assert section(RESULT, "Variables: 8, 288 bytes") == [
        "name  dtype    shape       size   share",
        "w8    float32  [8, 2]  64 bytes  22.2 %",
        "w7    float32  [7, 2]  56 bytes  19.4 %",
        "w6    float32  [6, 2]  48 bytes  16.7 %",
        "w5    float32  [5, 2]  40 bytes  13.9 %",
        "w4    float32  [4, 2]  32 bytes  11.1 %",
        "… and 3 more, 48 bytes",
    ]


def test_an_inspection_has_all_variables_in_their_order():
    lines = section(INSPECTION, "Variables")
    assert [line.split()[0] for line in lines[1:]] == [f"w{i}" for i in range(1, 9)]


def test_variables_say_whether_they_are_trained_where_that_is_known():
    known = INSPECTION._replace(variables=(INSPECTION.variables[0]._replace(trainable=False),))
    assert section(known, "Variables")[0].endswith("trainable")
    assert section(known, "Variables")[1].endswith("100.0 %  no")


def test_files_are_a_tree_with_sizes_and_roles():
    assert section(INSPECTION, "Files") == [
        "m/                          2.0 kB",
        "├── assets/                0 bytes  assets (empty)",
        "├── saved_model.pb          1.5 kB  graph and signatures",
        "└── variables/           500 bytes",
        "    └── variables.index  500 bytes  variables index",
    ]


def test_ops_are_counted_the_most_frequent_first():
    assert section(INSPECTION, "Ops: 14 of 3 types") == ["12  MatMul", " 1  Abs", " 1  Add"]
    assert section(RESULT, "Ops: 14 of 3 types") == ["MatMul 12, Abs 1, Add 1"]


def test_functions_devices_versions_and_fingerprint_are_told():
    assert section(INSPECTION, "Functions") == ["encoder.embed  2 traces"]
    assert section(INSPECTION, "Hard-coded devices") == ["/device:GPU:0  3 nodes"]
    assert section(INSPECTION, "Versions")[2] == "min consumer  12"
    assert section(INSPECTION, "Fingerprint") == ["checkpoint hash  834"]
    assert section(RESULT, "Seconds") == ["check 12 ms, save 1.8 s, in all 1.9 s"]


def test_an_inspection_says_what_each_function_was_traced_with_and_what_a_load_runs():
    x = Argument("x", Spec("x", "float32", (None, 4)))
    image = Argument("image", Spec("input_1", "float32", None))
    many = tuple(Argument(f"feature_{i}", "None") for i in range(12))
    functions = (
        Loadable("embed", 2, ((x, Argument("training", "False")), (image,))),
        Loadable("many", 1, (many,)),
        Loadable("old", 2, ((x,),)),
        Loadable("untraced", 0),
    )
    graph = GRAPH._replace(functions=functions, initialisers={"__saved_model_init_op": "NoOp"})
    whole = INSPECTION._replace(meta_graphs=(graph,))
    lines = section(whole, "Functions")
    assert lines[:2] == [
        "embed(x: float32[None, 4], training=False)",
        "embed(image: float32[...] named input_1)",
    ]
    assert lines[2].startswith("many(feature_0=None, feature_1=None,")
    assert lines[3].startswith("    feature_")
    assert lines[-3:] == ["old(x: float32[None, 4])", "old  1 trace", "untraced  0 traces"]
    assert section(whole, "Run once by a load") == ["__saved_model_init_op: NoOp"]
    html = render.bundle(whole)["text/html"]
    assert "<code>embed(x: float32[None, 4], training=False)</code>" in html
    assert "<code>__saved_model_init_op: NoOp</code>" in html

    short = replace(RESULT, inspection=whole)
    assert section(short, "Functions") == [
        "embed     2 traces",
        "many      1 trace",
        "old       2 traces",
        "untraced  0 traces",
    ]
    assert "__saved_model_init_op" not in text(short) + render.bundle(short)["text/html"]


def test_every_meta_graph_is_shown_and_the_served_one_is_first():
    train = GRAPH._replace(tags=("train", "gpu"), ops={"Sub": 2})
    both = text(INSPECTION._replace(meta_graphs=(train, GRAPH)))
    assert both.index("(MetaGraph serve)") < both.index("(MetaGraph train, gpu)")
    assert "Sub" in both
    assert "MatMul" in both


def test_a_finding_is_a_line_with_its_place_and_a_hint_below():
    assert text(FOUND) == "SM201 error  cell [3], line 7: no signature\n    add one"
    nowhere = replace(FOUND, cell=None, line=None, hint="", count=12)
    assert text(nowhere) == "SM201 error: no signature (12 times)"
    in_function = replace(FOUND, function="serve", message="two\nlines", hint="")
    assert text(in_function) == "SM201 error  cell [3], line 7, in serve: two\n    lines"


def test_findings_are_counted_by_severity():
    mild = replace(FOUND, severity=Severity.WARNING)
    shown = text(render.Findings([FOUND, mild, mild], "m"))
    assert shown.startswith("m: 1 error, 2 warnings\n  SM201 error")
    assert text(render.Findings([], "m")) == "m: no findings"


@pytest.mark.parametrize(
    ("check", "told"),
    [
        (EQUAL, "equal: max abs 1.2e-07, max rel 3e-06"),
        (
            replace(
                EQUAL,
                status="differs",
                outputs=(OutputCheck("o", "f", equal=False, max_abs=0.5, max_rel=None),),
            ),
            "differs: max abs 0.5",
        ),
        (
            SignatureCheck("serving_default", "fails", reason="NOT_FOUND: no node", note="N"),
            "fails: NOT_FOUND: no node; N",
        ),
        (
            SignatureCheck("serving_default", "shapes", reason="it draws random numbers"),
            "shapes equal: values not compared, because it draws random numbers",
        ),
        (
            SignatureCheck("serving_default", "not verified", reason="memory is short", note="N"),
            "not verified, because memory is short; N",
        ),
    ],
)
def test_verification_says_how_far_off_or_why_not(check, told):
    lines = section(replace(RESULT, verification=Verification("run", (check,))), "Verification")
    assert lines[1] == f"serving_default  {told}"


def test_verification_lists_each_of_many_outputs_and_nan_is_the_worst():
    outputs = (
        OutputCheck("a", "float32", equal=True, max_abs=0.0, max_rel=0.0),
        OutputCheck("b", "float32", equal=False, max_abs=float("nan"), max_rel=0.0),
        OutputCheck("c", "float32", equal=True, max_abs=2.0, max_rel=0.0),
    )
    check = SignatureCheck("serving_default", "differs", outputs)
    lines = section(replace(RESULT, verification=Verification("run", (check,))), "Verification")
    assert lines == [
        (
            "1 of 1 signatures differ from the live object: structure compared, loaded back and "
            "run in this process"
        ),
        "serving_default  differs: max abs nan, max rel 0",
        "  a  float32  equal    max abs 0, max rel 0",
        "  b  float32  differs  max abs nan, max rel 0",
        "  c  float32  equal    max abs 2, max rel 0",
    ]


def test_a_verification_by_another_process_says_which_and_what_failed_there():
    checks = (EQUAL, SignatureCheck("other", "fails", reason="no"))
    lines = section(replace(RESULT, verification=Verification("serving", checks)), "Verification")
    assert lines[0] == (
        "1 of 2 signatures fail in a fresh process: structure compared, loaded and run in a fresh "
        "process through TensorFlow's C API, on the CPU alone"
    )


@pytest.mark.parametrize(
    ("check", "files", "told"),
    [
        (
            SignatureCheck("serving_default", "structure"),
            StructureCheck("equal", variables=2),
            "structure equal: 2 variables equal",
        ),
        (
            EQUAL,
            StructureCheck("equal", variables=1, left_out=("a table", "strings", "a table")),
            f"{RAN}; structure equal, 1 variable equal, not compared: 2 x a table, 1 x strings",
        ),
        (
            EQUAL,
            StructureCheck("not verified", "it was stripped"),
            f"{RAN}; structure not verified, because it was stripped",
        ),
        (
            EQUAL,
            StructureCheck("differs", "a node is another one", another_trace=True),
            f"{RAN}; structure not verified, because it was traced again: a node is another one",
        ),
    ],
)
def test_what_the_files_say_is_told_too(check, files, told):
    verification = Verification("run", (replace(check, structure=files),))
    lines = section(replace(RESULT, verification=verification), "Verification")
    assert " ".join(line.strip() for line in lines[1:]) == f"serving_default  {told}"


def test_a_result_names_the_level_that_runs_nothing():
    checks = (SignatureCheck("serving_default", "structure"),)
    result = replace(RESULT, verification=Verification("structural", checks))
    assert "structure verified" in text(result).split("\n")[0]
    assert section(result, "Verification")[0] == (
        "structure verified: structure compared with the trace, variables with those in memory; "
        "not run"
    )


def test_a_skipped_verification_never_reads_as_verified():
    skipped = replace(RESULT, verification=Verification("none", reason="--no-verify"))
    assert text(skipped).split("\n")[0].endswith("1 signature, not verified")
    assert section(skipped, "Verification") == ["not verified: --no-verify"]


def test_models_are_a_table_and_none_is_a_hint():
    assert text(render.Models([MODEL])) == (
        "1 model\n"
        "name       kind                built  variables     size  functions  cell\n"
        "m = ms[0]  module, TensorFlow  -              1  4 bytes  add        [6]"
    )
    assert text(MODEL) == text(render.Models([MODEL]))
    assert "bind a Keras model" in text(render.Models())


def test_progress_is_one_line():
    assert text(PROGRESS) == "Exporting m: inspect (3 of 5), 2.3 s, 182.0 kB written"
    with pytest.raises(ValueError, match="none of the phases"):
        Progress("dance", 0.0)


@pytest.mark.parametrize("result", EVERYTHING, ids=lambda result: type(result).__name__)
def test_text_is_stable_whatever_the_environment(result, monkeypatch):
    before = text(result)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setenv("TERM", "dumb")
    assert text(result) == before
    assert "\x1b" not in before


@pytest.mark.parametrize(
    "result",
    [*EVERYTHING, replace(FOUND, message="two \nlines ")],
    ids=lambda result: type(result).__name__,
)
def test_no_line_ends_with_a_space(result):
    assert all(line == line.rstrip() for line in text(result).split("\n"))


def test_names_can_not_command_a_terminal_nor_hide():
    evil = "\x1b[2Jx\u202e\nz\udcff"
    hostile = replace(
        RESULT,
        model=evil,
        path=Path(f"/models/{evil}"),
        signatures=(SIGNATURE._replace(key=evil, inputs=(Spec(evil, "float32", None),)),),
        inspection=INSPECTION._replace(
            files=(File(evil, 1, evil),),
            variables=(INSPECTION.variables[0]._replace(name=evil),),
            meta_graphs=(GRAPH._replace(tags=(evil,), ops={evil: 1}, devices={evil: 1}),),
        ),
    )
    for result in (
        hostile,
        hostile.inspection,
        replace(FOUND, message=evil),
        Model((evil,), evil, evil, evil, None, 0, 0, (evil,)),
    ):
        shown = text(result)
        assert all(c.isprintable() or c == "\n" for c in shown)
        assert r"\x1b[2Jx\u202e" in shown
        shown.encode("utf-8")


def test_install_and_uninstall_set_how_results_print(monkeypatch):
    monkeypatch.setattr(Displayable, "renderer", None)
    render.install()
    assert str(FOUND) == text(FOUND)
    assert set(RESULT._repr_mimebundle_()) == {"text/plain", "text/html"}
    render.uninstall()
    assert str(FOUND).startswith("Diagnostic(code='SM201'")


def test_what_is_unknown_is_shown_as_it_is():
    assert render.bundle({"a": 1}) == {"text/plain": "{'a': 1}"}


def test_lists_stay_lists():
    assert render.Findings([FOUND], "m") == [FOUND]
    assert render.Models([MODEL])[0] is MODEL


def test_importing_is_cheap():
    heavy = "rich", "jinja2", "tensorflow", "keras", "IPython"
    code = f"import sys, sm_magics.notebook.render; print([m for m in {heavy} if m in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
