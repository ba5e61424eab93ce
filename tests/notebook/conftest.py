"""What stands in for a kernel where a test needs only its loop."""

from __future__ import annotations

import pytest


class Loop:
    """A kernel's loop that runs nothing until a test says so."""

    def __init__(self):
        self.waiting = []
        self.delay = 0.0

    def add_callback(self, called, *arguments):
        self.waiting.append((called, arguments))

    def call_later(self, delay, called, *arguments):
        self.delay = delay
        self.waiting.append((called, arguments))

    def run(self):
        while self.waiting:
            called, arguments = self.waiting.pop(0)
            called(*arguments)


@pytest.fixture
def loop():
    return Loop()
