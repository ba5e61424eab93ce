"""The sidebar's end in a real kernel: found, asked and heard as a front end does it."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from .conftest import SIDEBAR_MODELS, Sidebar

RELOAD = """
import sys, tensorflow as tf
loaded = tf.saved_model.load(sys.argv[1])
print(loaded.signatures["serving_default"](x=tf.constant([2.0]))["y"].numpy().tolist())
"""


@pytest.fixture(scope="module", autouse=True)
def models(kernel):
    kernel.run(SIDEBAR_MODELS, cell_id="models-cell")


def test_hello_is_answered_and_everything_told(sidebar):
    welcome = sidebar.answer("hello", version=1)
    assert (welcome["version"], welcome["defaults"]["target"]) == (1, "any")
    assert {"overwrite", "verify"} <= {option["name"] for option in welcome["options"]}
    change = sidebar.next()
    assert {"models", "checks", "exports", "running"} <= change.keys()
    assert change["running"] is None


def test_another_version_is_refused(sidebar):
    failed = sidebar.answer("hello", version=99)
    assert (failed["kind"], failed["reason"]) == ("failed", "version")
    assert "install the same sm_magics" in failed["text"]


def test_an_export_tells_its_phases_and_writes_what_loads(kernel, watching):
    asked = watching.ask("export", model="line", directory="out/asked", options={"strict": False})
    done = watching.until(lambda said: said.get("id") == asked and said["kind"] != "began")
    assert done["text"].startswith(f"Exported to {kernel.folder / 'out' / 'asked'}: ")
    assert "1 signature, verified" in done["text"]
    phases = [said["running"]["phase"] for said in watching.said if said.get("running")]
    assert list(dict.fromkeys(phases)) == ["check", "save", "inspect", "verify", "publish"]
    began = [said["kind"] for said in watching.said].index("began")
    assert began < [bool(said.get("running")) for said in watching.said].index(True)
    assert [said["running"] for said in watching.said if "running" in said][-1] is None
    loaded = subprocess.run(
        [sys.executable, "-c", RELOAD, str(kernel.folder / "out" / "asked")],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert eval(loaded.stdout) == [6.0]


def test_the_kernels_interrupt_cancels_an_export_and_leaves_nothing(kernel, watching):
    asked = watching.ask("export", model="slow", directory="out/slow", options={})
    watching.running()
    time.sleep(1)
    kernel.manager.interrupt_kernel()
    failed = watching.until(lambda said: said.get("id") == asked and said["kind"] != "began", 30)
    assert (failed["kind"], failed["reason"]) == ("failed", "cancelled")
    assert not list(kernel.folder.glob("out/*slow*"))
    assert kernel.run("print(1 + 1)").stdout == "2\n"
    assert watching.answer("inspect", directory="out/asked")["kind"] == "inspected"


def test_a_sidebar_that_comes_while_the_kernel_is_busy_hears_how_far_it_is(kernel):
    sent = kernel.send("%savedmodel export slow out/busy")
    late = Sidebar(kernel)
    try:
        assert late.find()
        asked = late.ask("hello", version=1)
        assert late.running()["subject"] == "slow"
        kernel.manager.interrupt_kernel()
        kernel.wait(sent)
        assert late.until(lambda said: said.get("id") == asked)["kind"] == "welcome"
    finally:
        late.close()


def test_directories_are_read_and_compared(kernel, sidebar):
    kernel.run("%savedmodel export line out/a\nline.slope.assign(4.0)")
    kernel.run("%savedmodel export line out/b")
    found = sidebar.answer("inspect", directory="out/a")["directory"]
    assert found["path"] == str(kernel.folder / "out" / "a")
    assert "tf.saved_model.load" in found["snippet"]
    told = sidebar.answer("compare", first="out/a", second="out/b")
    assert told["is_same"] is False
    assert "slope" in told["text"]
    assert sidebar.answer("compare", first="out/a", second="out/a")["is_same"] is True


@pytest.mark.parametrize(
    ("kind", "words", "told"),
    [
        ("inspect", {"directory": "out/none"}, "out/none"),
        ("inspect", {"directory": ""}, "name a directory"),
        ("compare", {"first": "out/a", "second": "\0"}, "name a directory"),
        ("check", {"model": "nosuch", "options": {}, "again": False}, "'nosuch' is no model"),
        ("check", {"model": "exit()", "options": {}, "again": False}, "is no model"),
        ("check", {"model": "line", "options": {"nosuch": True}, "again": True}, "no option"),
        ("check", {"model": "line", "options": {"batch": "odd"}, "again": False}, "odd"),
        ("export", {"model": "line", "directory": "", "options": {}}, "name a directory"),
        ("export", {"model": "line", "directory": "out/{x}", "options": {}}, "{x}"),
        ("write", {"command": "export", "model": "line", "directory": "", "options": {}}, "no dir"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(kernel, sidebar, kind, words, told):
    before = sorted(kernel.folder.rglob("*"))
    failed = sidebar.answer(kind, **words)
    assert (failed["kind"], failed["reason"], failed["details"]) == ("failed", "refused", "")
    assert told in failed["text"]
    assert sorted(kernel.folder.rglob("*")) == before


def test_a_line_is_written_as_the_magics_read_it(sidebar):
    options = {"signatures": ["along(x: float32[3])"], "overwrite": True}
    line = sidebar.answer(
        "write", command="panel", model="line", directory="out/a b", options=options
    )
    assert line["text"] == (
        "%savedmodel panel line 'out/a b' -s 'along(x: float32[3])' --overwrite"
    )


@pytest.mark.parametrize("data", [{}, {"kind": "nosuch", "id": "7"}, {"kind": "hello", "id": 7}])
def test_a_malformed_message_is_answered_with_an_error(sidebar, data):
    sidebar.send(data)
    failed = sidebar.until(lambda said: said["kind"] == "failed")
    assert failed["reason"] == "malformed"
    assert failed["id"] == (data["id"] if isinstance(data.get("id"), str) else "")


EXITS = """\
class Leaver(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def leave(self, x):
        raise SystemExit("enough")

leaver = Leaver()"""


def test_what_leaves_while_it_is_traced_does_not_take_the_kernel_along(kernel, sidebar):
    kernel.run(EXITS)
    failed = sidebar.answer("check", model="leaver", options={}, again=False)
    assert (failed["kind"], failed["reason"]) == ("failed", "error")
    assert "SystemExit" in failed["text"]
    kernel.run(EXITS.replace('SystemExit("enough")', 'TypeError("no more")'))
    failed = sidebar.answer("check", model="leaver", options={}, again=False)
    assert "cell [" in failed["text"]
    assert "/ipykernel_" not in failed["text"]
    assert kernel.run("del leaver\nprint('here')").stdout == "here\n"


def test_who_closes_what_it_does_not_know_closes_it_for_nobody_else(sidebar):
    close = sidebar.client.session.msg("comm_close", {"comm_id": sidebar.comm, "data": {}})
    sidebar.client.shell_channel.send(close)
    assert sidebar.answer("hello", version=1)["kind"] == "welcome"
    assert sidebar.find() is not None


def test_loading_again_and_unloading_tell_the_front_end(kernel, sidebar):
    assert sidebar.find() is not None
    reply = kernel.run("%unload_ext sm_magics\n__import__('gc').collect()")
    # JupyterLab complains of the end of a comm whose beginning it has not seen.
    assert reply.of("comm_close") == []
    assert sidebar.until(lambda said: said["kind"] == "bye")
    assert sidebar.find() is None
    count = "len(__import__('comm').get_comm_manager().comms)"
    before = kernel.run(f"print({count})").stdout
    kernel.run("%load_ext sm_magics")
    assert int(kernel.run(f"print({count})").stdout) == int(before) + 1
    assert sidebar.find() is not None
