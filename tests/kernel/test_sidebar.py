"""The sidebar's end in a real kernel: found, asked and heard as a front end does it."""

from __future__ import annotations

import itertools
import queue
import subprocess
import sys
import time
import uuid

import pytest

MODELS = """\
import time
import tensorflow as tf

class Line(tf.Module):
    def __init__(self):
        super().__init__()
        self.slope = tf.Variable(3.0)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def along(self, x):
        with tf.device("/GPU:0"):
            return {"y": self.slope * x}

class Slow(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def think(self, x):
        for _ in range(600):
            time.sleep(0.1)
        return {"y": x}

line, slow = Line(), Slow()"""
RELOAD = """
import sys, tensorflow as tf
loaded = tf.saved_model.load(sys.argv[1])
print(loaded.signatures["serving_default"](x=tf.constant([2.0]))["y"].numpy().tolist())
"""


class Sidebar:
    """A front end's end of the line: it has its own connection, as a browser has."""

    def __init__(self, kernel):
        self.kernel = kernel
        self.client = kernel.manager.client()
        self.client.session = kernel.manager.session.clone()
        self.client.session.session = uuid.uuid4().hex
        self.client.start_channels()
        self.numbers = itertools.count(1)
        self.said = []
        self.comm = None

    def find(self):
        """Ask on the control channel, which answers while a cell runs, too."""
        content = {"target_name": "sm_magics"}
        message = self.client.session.msg("comm_info_request", content)
        self.client.control_channel.send(message)
        while True:
            reply = self.client.control_channel.get_msg(timeout=10)
            if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                found = [*reply["content"]["comms"]]
                self.comm = found[0] if found else None
                return self.comm

    def send(self, data):
        content = {"comm_id": self.comm, "data": data}
        self.client.shell_channel.send(self.client.session.msg("comm_msg", content))

    def ask(self, kind, **words):
        """Send a request and return its id."""
        asked = str(next(self.numbers))
        self.send({"kind": kind, "id": asked, **words})
        return asked

    def next(self, timeout=60):
        """Return what is said next on our comm."""
        end = time.monotonic() + timeout
        while True:
            message = self.client.get_iopub_msg(timeout=max(0.01, end - time.monotonic()))
            content = message["content"]
            if message["msg_type"] == "comm_msg" and content["comm_id"] == self.comm:
                self.said.append(content["data"])
                return content["data"]

    def until(self, is_it, timeout=60):
        """Return the first that is said and is it."""
        end = time.monotonic() + timeout
        while True:
            said = self.next(end - time.monotonic())
            if is_it(said):
                return said

    def answer(self, kind, **words):
        """Ask, and return the answer."""
        asked = self.ask(kind, **words)
        return self.until(lambda said: said.get("id") == asked and said["kind"] != "began")

    def change(self, part, timeout=60):
        """Return what is told next of a part of the state."""
        return self.until(lambda said: said["kind"] == "change" and part in said, timeout)[part]

    def running(self):
        """Return how far an export is, as soon as one runs."""
        return self.until(lambda said: said.get("running"))["running"]

    def silence(self):
        """Return what is said until the kernel has answered something else."""
        self.kernel.run("None")
        said = []
        while True:
            try:
                said.append(self.next(timeout=0.5))
            except queue.Empty:
                return said

    def close(self):
        self.client.stop_channels()


@pytest.fixture(scope="module", autouse=True)
def models(kernel):
    kernel.run(MODELS, cell_id="models-cell")


@pytest.fixture
def sidebar(kernel):
    made = Sidebar(kernel)
    made.find()
    yield made
    made.answer("leave")
    made.close()


@pytest.fixture
def watching(sidebar):
    """A sidebar that is shown."""
    assert sidebar.answer("hello", version=1)["kind"] == "welcome"
    sidebar.answer("watch", live_checks=True, target="any")
    return sidebar


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


def test_models_are_told_as_cells_bind_them_and_only_then(kernel, watching):
    # Nobody who looks is told what did not change.
    assert watching.silence() == []
    kernel.run("import tensorflow as tf\nnumber = 1\nother = tf.Module()", cell_id="other-cell")
    models = {model["name"]: model for model in watching.change("models")}
    assert models["other"]["cell_id"] == "other-cell"
    assert (models["other"]["line"], models["line"]["cell_id"]) == (3, "models-cell")
    assert models["line"]["panel"] == "%savedmodel panel line"
    kernel.run("number = 2")
    assert watching.silence() == []
    kernel.run("del other")
    assert "other" not in {model["name"] for model in watching.change("models")}


def test_nothing_is_looked_at_while_nobody_looks(kernel, watching):
    watching.answer("leave")
    kernel.run("hidden = tf.Module()")
    assert watching.silence() == []
    hooks = "len(get_ipython().events.callbacks['post_run_cell'])"
    alone = kernel.run(f"print({hooks})").stdout
    watching.answer("watch", live_checks=False, target="")
    assert "hidden" in {model["name"] for model in watching.said[-2]["models"]}
    assert int(kernel.run(f"print({hooks})").stdout) == int(alone) + 1
    kernel.run("del hidden")


def test_a_check_has_lines_and_is_repeated_when_the_cell_made_the_model_anew(kernel, watching):
    done = watching.answer("check", model="line", options={}, again=False)
    assert done == {"kind": "done", "id": done["id"], "text": "1 warning"}
    (check,) = [one for said in watching.said for one in said.get("checks", ())][-1:]
    (found,) = check["findings"]
    assert (found["code"], found["cell_id"], found["line"]) == ("SM301", "models-cell", 11)
    assert found["source"].strip() == 'with tf.device("/GPU:0"):'
    assert found["title"]
    assert found["consequence"]
    assert not check["is_stale"]

    mended = MODELS.replace('with tf.device("/GPU:0")', "if True")
    kernel.run(mended, cell_id="models-cell")
    (stale,) = watching.change("checks")
    assert (stale["is_stale"], len(stale["findings"])) == (True, 1)
    (clean,) = watching.change("checks")
    assert clean == {"subject": "line", "target": "any", "is_stale": False, "findings": []}


def test_what_a_cell_checks_and_exports_is_told_too(kernel, sidebar):
    sidebar.answer("hello", version=1)
    kernel.run("%savedmodel export line out/told")
    assert sidebar.running()["subject"] == "line"
    (directory, *_) = sidebar.change("exports")
    assert directory["path"] == str(kernel.folder / "out" / "told")
    assert directory["subject"] == "line"
    assert "variables/variables.index" in [file["path"] for file in directory["files"]]
    (signature,) = directory["signatures"]
    assert signature["inputs"] == ["x: float32[None]"]
    kernel.run("__import__('shutil').rmtree('out/told')")


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


COUNTED = """\
class Counted(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def count(self, x):
        traces.append(1)
        if len(traces) > 1:
            raise RuntimeError("only once")
        return {"y": x}

counted = Counted()"""


def test_a_check_that_fails_by_itself_is_not_repeated_after_every_cell(kernel, watching):
    kernel.run(f"traces = []\n{COUNTED}")
    assert watching.answer("check", model="counted", options={}, again=False)["kind"] == "done"
    kernel.run(COUNTED)
    for _ in range(3):
        time.sleep(0.5)
        kernel.run("None")
    assert kernel.run("print(len(traces))\ndel counted").stdout == "2\n"


def test_a_live_check_is_not_lost_to_what_is_asked_meanwhile(kernel, watching):
    kernel.run(MODELS, cell_id="models-cell")
    watching.answer("check", model="line", options={}, again=False)
    kernel.run(MODELS, cell_id="models-cell")
    watching.answer("inspect", directory="nosuch")
    told = [one for said in watching.said for one in said.get("checks", ())][-1]
    assert (told["subject"], told["is_stale"]) == ("line", True)
    assert [one["is_stale"] for one in watching.change("checks") if one["subject"] == "line"] == [
        False
    ]


def test_who_closes_what_it_does_not_know_closes_it_for_nobody_else(sidebar):
    close = sidebar.client.session.msg("comm_close", {"comm_id": sidebar.comm, "data": {}})
    sidebar.client.shell_channel.send(close)
    assert sidebar.answer("hello", version=1)["kind"] == "welcome"
    assert sidebar.find() is not None


@pytest.mark.usefixtures("watching")
def test_who_is_silent_for_long_looks_no_more(kernel):
    hooks = "print(len(get_ipython().events.callbacks['post_run_cell']))"
    looked = int(kernel.run(hooks).stdout)
    kernel.run(
        "import sm_magics.notebook.sidebar.lookers as lookers\n"
        "lease, lookers.LEASE = lookers.LEASE, -1.0"
    )
    assert int(kernel.run(f"lookers.LEASE = lease\n{hooks}").stdout) == looked - 1


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
