"""The sidebar's comm: registered silently, one a kernel.

A front end finds it by `comm_info_request` and talks raw `comm_msg`. A comm that the kernel opens
is closed for everybody by any client that does not know its target; one that a client opens before
the extension is loaded prints an error (both tried, ipykernel 7.4 and JupyterLab 4.6).
"""

from __future__ import annotations

import threading
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from sm_magics.notebook.sidebar import TARGET_NAME, VERSION
from sm_magics.notebook.work import Work

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from sm_magics.notebook.session import Session
    from sm_magics.notebook.sidebar.desk import Desk


def open_line(shell: InteractiveShell, session: Session) -> Line | None:
    """Return the line to the sidebars; None in a terminal, where there are none."""
    return Line(session) if getattr(shell, "kernel", None) is not None else None


class Line:
    """The line to the sidebars of all front ends.

    It costs a comm; what stands behind it is made when a front end says something, or when there
    is something to tell: a page may wait for its hello to be heard while an export runs.

    Parameters
    ----------
    session : Session
    """

    def __init__(self, session: Session) -> None:
        from comm import create_comm, get_comm_manager

        self._session = session
        self._lock = threading.Lock()
        self._comm = create_comm(target_name=TARGET_NAME, primary=False)
        # Else it says `comm_close` when it is collected, also as the kernel ends; see `close`.
        self._comm._closed = True  # noqa: SLF001, there is no public way
        self._comm.on_msg(self._hear)
        self._comm.on_close(self._stay)
        get_comm_manager().register_comm(self._comm)
        self._end = session.journal.subscribe(self._note)
        self.say({"kind": "announce", "version": VERSION})

    def say(self, data: dict[str, Any]) -> None:
        """Say something to all front ends; any thread may."""
        with self._lock:
            self._comm.send(data)

    def close(self) -> None:
        """Say goodbye. The comm is not closed: JupyterLab would complain that it was never open."""
        from comm import get_comm_manager

        self._end()
        if "_desk" in vars(self):
            self._desk.close()
        self.say({"kind": "bye"})
        self._comm.on_msg(None)
        self._comm.on_close(None)
        get_comm_manager().comms.pop(self._comm.comm_id, None)

    def _note(self, what: str) -> None:
        self._desk.note(what)

    @cached_property
    def _work(self) -> Work:
        return Work(self._session.shell)

    @cached_property
    def _desk(self) -> Desk:
        from sm_magics.notebook.sidebar.desk import Desk

        return Desk(self._session, self._work, self.say)

    def _stay(self, message: dict[str, Any]) -> None:
        """Stay: a front end that closes what it does not know must not close it for the others."""
        from comm import get_comm_manager

        del message
        get_comm_manager().register_comm(self._comm)

    def _hear(self, message: dict[str, Any]) -> None:
        # ipykernel may bring it on the thread of a subshell, for which something was said last.
        who = str(message.get("header", {}).get("session", ""))
        data = message.get("content", {}).get("data")
        self._work.on_main(partial(self._answer, data, who))

    def _answer(self, data: Any, who: str) -> None:
        self._desk.hear(data, who)
