"""Real kernels: one for the tests of a module, in a directory of its own."""

from __future__ import annotations

import dataclasses
import sys
import time

import pytest
from jupyter_client.manager import KernelManager


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
