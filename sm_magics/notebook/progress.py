"""How far an export has come: one line, replaced until the result takes its place."""

from __future__ import annotations

from dataclasses import dataclass

from sm_magics.savedmodel.display import Displayable
from sm_magics.savedmodel.result import PHASES


@dataclass(frozen=True, slots=True)
class Progress(Displayable):
    """A moment of an export.

    Attributes
    ----------
    phase : str
        What is going on now: one of `phases`.
    seconds : float
        Since the export began, in seconds.
    bytes : int
        Written so far.
    phases : tuple of str
        All phases of this export, in order.
    subject : str
        What is exported, as a person calls it.

    Raises
    ------
    ValueError
        If `phase` is none of `phases`.
    """

    phase: str
    seconds: float
    bytes: int = 0
    phases: tuple[str, ...] = PHASES
    subject: str = ""

    def __post_init__(self) -> None:
        """Refuse a phase that this export does not have."""
        if self.phase not in self.phases:
            raise ValueError(f"{self.phase!r} is none of the phases {', '.join(self.phases)}")

    @property
    def done(self) -> tuple[str, ...]:
        """The phases that lie behind."""
        return self.phases[: self.phases.index(self.phase)]

    @property
    def ahead(self) -> tuple[str, ...]:
        """The phases that are still to come."""
        return self.phases[self.phases.index(self.phase) + 1 :]
