"""Who looks at the sidebar, and what is kept up to date for them; nothing while nobody does."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sm_magics.notebook.request_text import RequestText

if TYPE_CHECKING:
    from collections.abc import Callable

    from IPython.core.interactiveshell import ExecutionResult

    from sm_magics.notebook.journal import Check
    from sm_magics.notebook.session import Session
    from sm_magics.savedmodel.capture import Model

QUICK = 1.0
"""Seconds that a check may have taken to be repeated by itself."""
LEASE = 600.0
"""Seconds after which a front end that has not said again that it looks is taken to be gone."""
_WORD = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True, slots=True)
class Looker:
    """A front end where the sidebar is shown."""

    live_checks: bool
    target: str
    since: float = field(default_factory=time.monotonic)


class Lookers:
    """The front ends that look, by the id of their connection.

    Parameters
    ----------
    session : Session
    found : callable
        Called after each cell with the models and their objects, as long as somebody looks.
    """

    def __init__(
        self, session: Session, found: Callable[[list[tuple[Model, Any]]], object]
    ) -> None:
        self._session = session
        self._found = found
        self._lookers: dict[str, Looker] = {}
        self._lookout: Any = None
        self._live: dict[str, int] = {}

    def __bool__(self) -> bool:
        """Whether anybody looks."""
        return bool(self._lookers)

    def add(self, who: str, looker: Looker) -> None:
        """Look at everything, and again after each cell."""
        from sm_magics.savedmodel.capture.lookout import Lookout

        if not self._lookers:
            self._session.shell.events.register("post_run_cell", self._after_cell)
        self._lookers[who] = looker
        self._lookout = Lookout()
        self._tell(self._lookout.whole(self._session.shell.user_ns))

    def remove(self, who: str) -> None:
        """Look no more where nobody else does."""
        if self._lookers.pop(who, None) is not None and not self._lookers:
            self._session.shell.events.unregister("post_run_cell", self._after_cell)
            self._lookout = None
            self._live = {}

    def close(self) -> None:
        """Send everybody away."""
        for who in tuple(self._lookers):
            self.remove(who)

    def due(self) -> list[RequestText]:
        """Return the checks that are to be repeated: quick and harmless ones of what was remade."""
        live = [one for one in self._lookers.values() if one.live_checks]
        if not live:
            return []
        stale = [one for one in self._session.journal.checks.values() if one.is_stale]
        targets = {one.target for one in live if one.target}
        return [self._text(check, targets) for check in stale if self._may_repeat(check)]

    def _text(self, check: Check, targets: set[str]) -> RequestText:
        target = {"target": targets.pop()} if len(targets) == 1 else {}
        return RequestText(check.subject, given={**target, **check.given})

    def _may_repeat(self, check: Check) -> bool:
        """Tell whether a check repeats what a person has started, runs nothing, builds nothing."""
        typed = any("(" in text for text in check.given.get("signatures", ()))
        value = self._live.get(check.subject)
        return (
            check.seconds is not None
            and check.seconds < QUICK
            and value not in (None, check.value)  # what is the same has the same findings
            and not typed
            and not check.given.keys() & {"sample", "inputs"}
        )

    def _after_cell(self, result: ExecutionResult) -> None:
        now = time.monotonic()
        for who, looker in tuple(self._lookers.items()):
            if now - looker.since > LEASE:
                self.remove(who)
        if not self._lookers:
            return
        text = result.info.raw_cell if result.info is not None else ""
        words = set(_WORD.findall(text or ""))
        self._tell(self._lookout.quick(self._session.shell.user_ns, words))

    def _tell(self, found: list[tuple[Model, Any]]) -> None:
        self._live = {
            name: id(obj)
            for model, obj in found
            if model.built is not False
            for name in model.names
        }
        self._found(found)
