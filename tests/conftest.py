"""Shared fixtures: a shell per test, a kernel per module, and what stands for consumers."""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import atexit
import dataclasses
import sys
from typing import Any

import pytest


@dataclasses.dataclass
class Ran:
    """What running a cell in a test's shell gave."""

    result: Any
    stdout: str
    stderr: str
    displays: list[Any]

    @property
    def value(self):
        return self.result.result

    @property
    def error(self):
        return self.result.error_in_exec or self.result.error_before_exec

    @property
    def shown(self) -> str:
        """The text of everything that was displayed, the last state of each display."""
        latest: dict[Any, str] = {}
        for number, (data, _, transient) in enumerate(self.displays):
            latest[transient.get("display_id", number)] = data.get("text/plain", "")
        return "\n".join(latest.values())


class Notebook:
    """An IPython shell of its own that a test types cells into."""

    def __init__(self, shell):
        self.shell = shell

    def run(self, source: str, *, fails: bool = False) -> Ran:
        """Run a cell; it must succeed, or fail where `fails` says so."""
        from IPython.utils.capture import capture_output

        published = []
        publish = self.shell.display_pub.publish
        self.shell.display_pub.publish = lambda data, metadata=None, *, transient=None, **_: (
            published.append((data, metadata, transient or {}))
        )
        try:
            with capture_output(display=False) as captured:
                result = self.shell.run_cell(source, store_history=True)
        finally:
            self.shell.display_pub.publish = publish
        ran = Ran(result, captured.stdout, captured.stderr, published)
        if bool(ran.error) != fails:
            pytest.fail(f"{source}\n{ran.error!r}\n{captured.stdout}\n{captured.stderr}")
        return ran

    def complete(self, line: str) -> list[str]:
        """Return what Tab offers at the end of a line."""
        from IPython.core.completer import provisionalcompleter

        with provisionalcompleter():
            offers = list(self.shell.Completer.completions(line, len(line)))
        return [offer.text for offer in offers]


def close(shell):
    """End a shell for good; IPython would end it once more when Python exits."""
    atexit.unregister(shell.atexit_operations)
    shell.atexit_operations()


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    """A fresh shell in a fresh directory, with the extension loaded."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.chdir(tmp_path)
    displayhook = sys.displayhook
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(
        config=Config(
            {"HistoryManager": {"enabled": False}, "InteractiveShell": {"colors": "nocolor"}}
        )
    )
    shell.run_line_magic("load_ext", "sm_magics")
    try:
        yield Notebook(shell)
    finally:
        shell.run_line_magic("unload_ext", "sm_magics")
        close(shell)
        InteractiveShell.clear_instance()
        sys.displayhook = displayhook
