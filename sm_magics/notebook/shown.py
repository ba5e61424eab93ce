"""Lists that show themselves: findings and models. A list stays a list: it can be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sm_magics.savedmodel.diagnostics import Diagnostic
from sm_magics.savedmodel.display import Displayable
from sm_magics.savedmodel.model import Model

if TYPE_CHECKING:
    from collections.abc import Iterable


class Findings(Displayable, list[Diagnostic]):
    """What a check found, as a list that shows itself.

    Parameters
    ----------
    findings : iterable of Diagnostic
        In the order in which they are shown.
    subject : str
        What was checked, as a person calls it: ``"model"``.
    """

    __slots__ = ("subject",)

    def __init__(self, findings: Iterable[Diagnostic] = (), subject: str = "") -> None:
        super().__init__(findings)
        self.subject = subject


class Models(Displayable, list[Model]):
    """The models of a notebook, as a list that shows itself as a table."""

    __slots__ = ()
