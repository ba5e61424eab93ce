"""`%savedmodel` and `%%savedmodel` as a person types them, in a shell of their own."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose

import sm_magics

SETUP = """
import numpy as np, tensorflow as tf, keras
model = keras.Sequential([keras.Input((4,), name="x"), keras.layers.Dense(3, name="out")])
class Pair(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def double(self, x):
        return x * 2.0
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def triple(self, x):
        return x * 3.0
pair = Pair()
"""
MODULE = """class Adder(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def add(self, x):
        return x + 1.0
"""


@pytest.fixture
def ready(notebook):
    notebook.run(SETUP)
    return notebook


def answer(directory: str, key: str = "serving_default", **feeds):
    loaded = tf.saved_model.load(directory)
    tensors = {name: tf.constant(value) for name, value in feeds.items()}
    return {name: out.numpy() for name, out in loaded.signatures[key](**tensors).items()}


def test_the_table_lists_models_with_their_cells(ready):
    ready.run("alias = model\nholder = {'best': model}")
    text = ready.run("%savedmodel").stdout
    (row,) = [line for line in text.splitlines() if line.strip().startswith("model")]
    assert "alias" in text
    assert "holder['best']" in text
    assert "sequential" in row
    assert "[1]" in row


@pytest.mark.usefixtures("ready")
def test_models_from_python_know_the_line():
    (found,) = [m for m in sm_magics.models() if m.name == "model"]
    assert (found.kind, found.framework, found.built) == ("sequential", "Keras 3", True)
    assert (found.cell, found.line) == (1, 3)
    assert (found.variables, found.bytes) == (2, (4 * 3 + 3) * 4)


def test_rebinding_moves_the_cell_and_a_failed_cell_does_not(ready):
    ready.run("pair = Pair()")
    ready.run("1/0\nmodel = None", fails=True)
    cells = {m.name: m.cell for m in sm_magics.models()}
    assert cells["pair"] == 2
    assert cells["model"] == 1


def test_export_writes_what_reloads_and_computes_the_same(ready):
    ran = ready.run("%savedmodel export model out/served")
    live = ready.shell.user_ns["model"]
    rows = np.ones((2, 4), "float32")
    assert_allclose(answer("out/served", x=rows)["out"], live(rows), rtol=1e-6)
    assert "out/served" in ran.shown
    assert "equal" in ran.shown


def test_export_with_signatures_and_quotes(ready):
    ready.run("%savedmodel export pair 'a dir' -s twice=double -s 'thrice=triple(x: float32[3])'")
    assert_allclose(answer("a dir", "twice", x=[2.0])["output_0"], [4.0])
    assert_allclose(answer("a dir", "thrice", x=[2.0, 3.0, 4.0])["output_0"], [6.0, 9.0, 12.0])


def test_export_serves_a_function_of_the_notebook(ready):
    ready.run(
        "@tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])\n"
        "def outside(x):\n    return pair.double(x) + 1.0"
    )
    ready.run("%savedmodel export pair out -s outside")
    assert_allclose(answer("out", x=[2.0])["output_0"], [5.0])


def test_overwrite_and_versions(ready):
    ready.run("%savedmodel export model out")
    ran = ready.run("%savedmodel export model out", fails=True)
    assert isinstance(ran.error, sm_magics.ExportError)
    assert [found.code for found in ran.error.findings] == ["SM502"]
    ready.run("%savedmodel export model out --overwrite")
    ready.run("%savedmodel export model versions --next-version")
    ready.run("%savedmodel export model versions --next-version")
    assert sorted(path.name for path in Path("versions").iterdir()) == ["1", "2"]


def test_variables_expand_in_paths_and_leftovers_are_refused(ready):
    ready.run("where = 'out/from_variable'")
    ready.run("%savedmodel export model {where}")
    assert answer("out/from_variable", x=np.ones((1, 4), "float32"))
    ran = ready.run("%savedmodel export model {nowhere}", fails=True)
    assert "{nowhere}" in str(ran.error)
    assert not Path("{nowhere}").exists()


def test_sample_is_a_variable_of_the_notebook(ready):
    ready.run("rows = np.full((5, 4), 2.0)")
    ran = ready.run("%savedmodel export model out --sample rows")
    assert "equal" in ran.shown
    ready.run("bad = np.zeros((5, 7))")
    ran = ready.run("%savedmodel export model out2 --sample bad", fails=True)
    assert "float32[None, 4]" in str(ran.error)
    assert not Path("out2").exists()


def test_no_verify_says_so(ready):
    assert "not verified" in ready.run("%savedmodel export model out --no-verify").shown


def test_check_finds_and_writes_nothing(ready):
    before = set(Path().iterdir())
    ran = ready.run("%savedmodel check pair")
    assert [found.code for found in ran.value] == ["SM201"]
    assert (ran.value[0].cell, ran.value[0].line) == (1, 11)
    assert "SM201" in ran.stdout
    assert ready.run("%savedmodel check model").value == []
    assert set(Path().iterdir()) == before


def test_show_is_the_inspection(ready):
    ready.run("%savedmodel export model out")
    ran = ready.run("%savedmodel show out")
    assert [str(spec) for spec in ran.value.signatures[0].inputs] == ["x: float32[None, 4]"]
    assert "saved_model.pb" in ran.stdout
    ran = ready.run("%savedmodel show nothing", fails=True)
    assert "nothing" in str(ran.error)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("%savedmodel exprot model out", "export"),
        ("%savedmodel export nomodel out", "the models here are"),
        ("%savedmodel export model", "DIR"),
        ("%savedmodel export model out --verify maybe", "process"),
        ("%savedmodel export model out --verify run --no-verify", "exclude"),
        ("%savedmodel export model out --ignore 502", "SM2"),
        ("%savedmodel export model out --overwrite --next-version", "next-version"),
        ("%savedmodel export model out --sharding lots", "512MB"),
        ("%savedmodel export model out --image-format", "refuses"),
        ("%savedmodel export model out -s 'k=call(x: float[3])'", "dtype"),
        ("%savedmodel export model 'out", "quote"),
        ("%savedmodel export model gs://bucket/out", "local"),
        ("%savedmodel export model ''", "directory"),
        ("%savedmodel export model out -s nosuch", "nosuch"),
    ],
)
def test_bad_input_gets_one_clear_error_and_writes_nothing(ready, line, says):
    before = set(Path().iterdir())
    ran = ready.run(line, fails=True)
    assert says in str(ran.error) + ran.stdout + ran.stderr
    assert "Traceback" not in ran.stdout + ran.stderr
    assert set(Path().iterdir()) == before


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (
            "%savedmodel export model d --bogus",
            "unrecognized arguments: --bogus\nMore: %savedmodel export --help",
        ),
        (
            "%savedmodel check model --strickt",
            (
                "unrecognized arguments: --strickt; did you mean --strict?\n"
                "More: %savedmodel check --help"
            ),
        ),
        (
            "%%savedmodel d --overwirte\npass",
            (
                "unrecognized arguments: --overwirte; did you mean --overwrite?\n"
                "More: %%savedmodel --help"
            ),
        ),
    ],
)
def test_an_unknown_flag_is_told_in_two_lines(ready, line, says):
    assert str(ready.run(line, fails=True).error) == says


@pytest.mark.parametrize("line", ["%savedmodel --help", "%savedmodel export -h"])
def test_help_is_printed(ready, line):
    assert "usage" in ready.run(line).stdout


def test_help_and_question_mark_come_from_the_table(ready):
    from sm_magics.savedmodel.options import OPTIONS

    text = ready.run("%savedmodel export --help").stdout
    doc = ready.shell.magics_manager.magics["line"]["savedmodel"].__doc__
    for option in OPTIONS:
        assert option.flags[-1] in text
        assert option.flags[-1] in doc


def test_config_sets_the_default_verification(ready):
    ready.run("%config SavedModelMagics.verify = 'none'")
    assert "not verified" in ready.run("%savedmodel export model out").shown


def test_cell_exports_the_model_it_bound(ready):
    ready.run("%%savedmodel out\n" + MODULE + "adder = Adder()")
    assert_allclose(answer("out", x=[2.0])["output_0"], [3.0])
    assert "adder" in ready.shell.user_ns


def test_cell_exports_the_model_that_is_named(ready):
    ready.run("%%savedmodel out pair -s double\nother = keras.Sequential([])")
    assert_allclose(answer("out", x=[2.0])["output_0"], [4.0])


def test_cell_exports_its_last_expression_and_shows_it(ready):
    ran = ready.run("%%savedmodel out\n" + MODULE + "first = Adder()\nsecond = Adder()\nsecond")
    assert "Adder at" in ran.stdout
    assert_allclose(answer("out", x=[2.0])["output_0"], [3.0])


def test_cell_with_a_layer_beside_its_model_is_no_riddle(ready):
    ready.run(
        "%%savedmodel out\n"
        "norm = keras.layers.Normalization()\n"
        "norm.adapt(np.ones((4, 2), 'float32'))\n"
        "inner = keras.Sequential([keras.Input((2,)), norm])\n"
        "outer = keras.Sequential([keras.Input((2,), name='x'), inner, keras.layers.Dense(1)])\n"
        "@tf.function\ndef step(x): return x"
    )
    assert answer("out", x=np.ones((1, 2), "float32"))


@pytest.mark.parametrize(
    ("body", "listed"),
    [("n = 1", "model, pair"), (MODULE + "one = Adder()\ntwo = Adder()", "2 models: one, two")],
)
def test_cell_without_one_model_lists_them(ready, body, listed):
    ran = ready.run("%%savedmodel out\n" + body, fails=True)
    assert listed in str(ran.error)
    assert "%savedmodel export MODEL DIR" in str(ran.error)
    assert not Path("out").exists()


@pytest.mark.parametrize(
    "body",
    [
        "%%time\nmade = Pair()",
        "globals()['made'] = Pair()",
        "zoo = {}\nfor n in range(1):\n    zoo[n] = Pair()",
        "%run made.py",
    ],
)
def test_cell_finds_what_it_made_by_any_way(ready, body):
    Path("made.py").write_text("import tensorflow as tf\n" + MODULE + "made = Adder()")
    ready.run(
        "%%savedmodel out -s double\n" + body if "run" not in body else "%%savedmodel out\n" + body
    )
    assert Path("out/saved_model.pb").exists()


def test_models_of_a_timed_cell_have_their_cell(ready):
    ready.run("%%time\ntimed = Pair()")
    (found,) = [m for m in sm_magics.models() if m.name == "timed"]
    assert (found.cell, found.line) == (2, 2)


@pytest.mark.parametrize(
    "text", ["zoo['a b']", 'zoo["a b"]', "nested.zoo['a b']", "'zoo[\"a b\"]'"]
)
def test_subscripts_are_typed_as_they_are_listed(ready, text):
    ready.run("import types\nzoo = {'a b': pair}\nnested = types.SimpleNamespace(zoo=zoo)")
    ready.run(f"%savedmodel export {text} out -s double")
    assert_allclose(answer("out", x=[2.0])["output_0"], [4.0])


def test_error_in_the_body_is_the_cells_one_traceback_and_stops_the_export(ready):
    ran = ready.run("%%savedmodel out pair\nn = 1\n\n1 / 0", fails=True)
    assert isinstance(ran.error, ZeroDivisionError)
    assert ran.stdout.count("Traceback") == 1
    assert "line 4" in ran.stdout
    assert "run_cell_magic" not in ran.stdout
    assert "body.py" not in ran.stdout
    assert not Path("out").exists()
    assert ready.shell.user_ns["n"] == 1


def test_error_in_a_function_of_the_body_shows_both_lines(ready):
    ran = ready.run("%%savedmodel out pair\ndef f():\n    return 1 / 0\n\nf()", fails=True)
    assert "line 3" in ran.stdout
    assert "line 5" in ran.stdout


def test_syntax_error_in_the_body_has_its_line(ready):
    ran = ready.run("\n\n%%savedmodel out pair\nx = 1\ny = = 2", fails=True)
    assert isinstance(ran.error, SyntaxError)
    assert ran.error.lineno == 5


@pytest.mark.parametrize("body", ["y = = 2", "return 3", "await f(\n", "import asyncio\nawait = 1"])
def test_syntax_error_in_the_body_is_shown_as_without_the_magic(ready, body):
    plain = ready.run(f"x = 1\n{body}", fails=True).stdout
    ran = ready.run(f"%%savedmodel out pair\n{body}", fails=True)
    assert re.sub(r"In *\[\d+\]", "In", ran.stdout) == re.sub(r"In *\[\d+\]", "In", plain)
    assert "run_cell_magic" not in ran.stdout
    late = ready.run("exec('z = = 1')", fails=True)
    assert "exec(" in late.stdout


@pytest.mark.parametrize("above", ["", "\n\n"])
@pytest.mark.parametrize("below", ["", "\n\n"])
def test_lines_of_the_body_are_those_of_the_cell(ready, above, below):
    ready.run(
        f"{above}%%savedmodel out pair -s double\n{below}import inspect\n"
        "at = inspect.currentframe().f_lineno"
    )
    assert ready.shell.user_ns["at"] == len(above) + 1 + len(below) + 2


def test_autograph_sees_the_body(ready):
    ready.run(
        "%%savedmodel out\n"
        "class Loop(tf.Module):\n"
        "    @tf.function(input_signature=[tf.TensorSpec([], tf.int32)])\n"
        "    def count(self, n):\n"
        "        total = 0\n"
        "        for i in tf.range(n):\n"
        "            if i % 2 == 0:\n"
        "                total += i\n"
        "        return total\n"
        "loop = Loop()"
    )
    assert answer("out", n=np.int32(7))["output_0"] == 12


def test_top_level_await_in_the_body(ready):
    ready.run(
        "%%savedmodel out pair -s double\nimport asyncio\nawait asyncio.sleep(0)\nwaited = True"
    )
    assert ready.shell.user_ns["waited"] is True
    assert_allclose(answer("out", x=[2.0])["output_0"], [4.0])


def test_error_after_an_await_stops_the_export(ready):
    ran = ready.run(
        "%%savedmodel out pair\nimport asyncio\nawait asyncio.sleep(0)\n1 / 0", fails=True
    )
    assert isinstance(ran.error, ZeroDivisionError)
    assert "line 4" in ran.stdout
    assert not Path("out").exists()


def test_magics_and_semicolons_work_in_the_body(ready):
    ran = ready.run(
        "%%savedmodel out pair -s double\n"
        "%config SavedModelMagics.strict\n"
        "files = !echo hi\n"
        "'quiet';"
    )
    assert ready.shell.user_ns["files"] == ["hi"]
    assert "quiet" not in ran.stdout


def test_braces_in_the_body_are_not_a_template(ready):
    ready.run("%%savedmodel out pair -s double\nd = {'a': 1}\nf = f\"{d['a']}\"")
    assert ready.shell.user_ns["f"] == "1"


def test_names_of_the_body_have_their_cell(ready):
    ready.run("%%savedmodel out pair -s double\nlate = Pair()")
    (found,) = [m for m in sm_magics.models() if m.name == "late"]
    assert (found.cell, found.line) == (2, 2)


def test_interrupt_in_the_body_leaves_nothing(ready):
    ran = ready.run("%%savedmodel out pair\nraise KeyboardInterrupt", fails=True)
    assert isinstance(ran.error, KeyboardInterrupt)
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("typed", "offers"),
    [
        ("%savedmodel ex", {"export"}),
        ("%savedmodel export mo", {"model"}),
        ("%savedmodel export model ", {"exports/"}),
        ("%savedmodel export model exports/di", {"exports/digits/"}),
        ("%savedmodel export model x --over", {"--overwrite"}),
        ("%savedmodel export model x --verify ", {"structural", "run", "process", "serving"}),
        ("%savedmodel export pair x -s ", {"double", "triple"}),
        ("%savedmodel export pair x -s k=tr", {"k=triple"}),
        ("%savedmodel export model x --sample ro", {"rows"}),
        ("%savedmodel show exp", {"exports/"}),
        ("%%savedmodel exports/", {"exports/digits/"}),
        ("%%savedmodel out pa", {"pair"}),
        ("%%savedmodel out pair --next", {"--next-version"}),
    ],
)
def test_tab_completes_what_the_table_and_the_session_know(ready, typed, offers):
    Path("exports/digits").mkdir(parents=True)
    ready.run("rows = 1")
    assert offers <= set(ready.complete(typed))


@pytest.mark.parametrize(
    ("typed", "offers", "all_of_them"),
    [
        ("%savedmodel check model --consumer ", {"2.12", "2.21"}, r"2\.\d+"),
        ("%savedmodel export model x --select ", {"SM2", "SM502"}, r"SM\d(\d\d)?"),
        ("%savedmodel export model x --ignore SM5", {"SM5", "SM502"}, r"SM5(\d\d)?"),
        ("%savedmodel export model x --ignore SM2,SM50", {"SM2,SM502"}, r"SM2,SM50\d"),
        ("%savedmodel show x --select ", {"SM3"}, r"SM\d(\d\d)?"),
        ("%savedmodel export models['a'] x -s ", {"double", "triple"}, "double|triple"),
        ('%savedmodel export models["a"] x -s ', {"double", "triple"}, "double|triple"),
        ("%%savedmodel out models['a'] -s k=", {"k=double"}, "k=(double|triple)"),
    ],
)
def test_tab_offers_nothing_else(ready, typed, offers, all_of_them):
    ready.run("models = {'a': Pair()}")
    ready.run(MODULE + "adder = Adder()")
    found = ready.complete(typed)
    assert offers <= set(found)
    assert [text for text in found if not re.fullmatch(all_of_them, text)] == []


def test_tab_offers_no_python_names_as_flags(ready):
    assert all(text.startswith("-") for text in ready.complete("%savedmodel export model x --"))


def test_tab_elsewhere_is_pythons(ready):
    assert any(text.endswith("double") for text in ready.complete("pair.dou"))


def test_a_cell_whose_destination_is_taken_is_refused_before_it_runs(ready):
    ready.run("%savedmodel export model out")
    ran = ready.run("%%savedmodel out\ntrained = True", fails=True)
    assert isinstance(ran.error, sm_magics.ExportError)
    assert "--overwrite" in ran.stdout
    assert "trained" not in ready.shell.user_ns


def test_a_cell_with_a_bad_flag_is_refused_before_it_runs(ready):
    ready.run("%%savedmodel out -s 'k=f(x: nope[1])'\ntrained = True", fails=True)
    assert "trained" not in ready.shell.user_ns


def test_the_sample_may_be_made_by_the_cell(ready):
    ran = ready.run("%%savedmodel out model --sample fresh\nfresh = np.ones((3, 4), 'float32')")
    assert "equal" in ran.shown
