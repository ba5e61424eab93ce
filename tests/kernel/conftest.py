"""Real kernels: one for the tests of a module, in a directory of its own."""

from __future__ import annotations

import dataclasses
import itertools
import queue
import sys
import time
import uuid

import pytest
from jupyter_client.manager import KernelManager

SIDEBAR_MODELS = """\
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


@dataclasses.dataclass
class Reply:
    """What a kernel answered to one cell."""

    content: dict
    messages: list[dict]

    def of(self, kind: str) -> list[dict]:
        """Return the contents of the messages of a type, in order."""
        return [m["content"] for m in self.messages if m["header"]["msg_type"] == kind]

    @property
    def stdout(self) -> str:
        return "".join(c["text"] for c in self.of("stream") if c["name"] == "stdout")

    @property
    def shown(self) -> str:
        """The text of the displays, each in its last state."""
        latest: dict[object, str] = {}
        for kind in ("display_data", "update_display_data", "execute_result"):
            for number, content in enumerate(self.of(kind)):
                key = content.get("transient", {}).get("display_id", (kind, number))
                latest[key] = content["data"].get("text/plain", "")
        return "\n".join(latest.values())


class Kernel:
    """A running kernel and a client that types cells into it."""

    def __init__(self, folder):
        self.folder = folder
        self.manager = KernelManager(kernel_name="python3")
        # The kernel of this very environment, whatever "python3" means on the machine.
        self.manager.kernel_spec.argv[0] = sys.executable
        self.manager.start_kernel(cwd=str(folder))
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=120)

    def send(self, code: str, cell_id: str | None = None) -> str:
        """Send a cell without waiting for it."""
        message = self.client.session.msg(
            "execute_request",
            {
                "code": code,
                "silent": False,
                "store_history": True,
                "user_expressions": {},
                "allow_stdin": False,
                "stop_on_error": True,
            },
            metadata={"cellId": cell_id} if cell_id else {},
        )
        self.client.shell_channel.send(message)
        return message["header"]["msg_id"]

    def wait(self, sent: str, timeout: float = 180) -> Reply:
        """Collect what a cell says until the kernel is idle again."""
        end = time.monotonic() + timeout
        messages = []
        while True:
            message = self.client.get_iopub_msg(timeout=end - time.monotonic())
            if message["parent_header"].get("msg_id") != sent:
                continue
            messages.append(message)
            if message["content"].get("execution_state") == "idle":
                break
        while True:
            reply = self.client.get_shell_msg(timeout=end - time.monotonic())
            if reply["parent_header"].get("msg_id") == sent:
                return Reply(reply["content"], messages)

    def run(self, code: str, *, fails: bool = False, cell_id: str | None = None) -> Reply:
        """Run a cell; it must succeed, or fail where `fails` says so."""
        reply = self.wait(self.send(code, cell_id))
        if (reply.content["status"] == "error") != fails:
            pytest.fail(f"{code}\n{reply.content}\n{reply.stdout}")
        return reply

    def stop(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    started = Kernel(tmp_path_factory.mktemp("kernel"))
    try:
        started.run("%load_ext sm_magics")
        yield started
    finally:
        started.stop()


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
