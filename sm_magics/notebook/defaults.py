"""What an export means where a request says nothing about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds unless a request says otherwise; as it stands, that is `sm_magics.export`'s own.

    Attributes
    ----------
    verify : str
        ``"structural"``, ``"run"``, ``"process"``, ``"serving"`` or ``"none"``.
    target : str
        ``"any"``, ``"cpu"``, ``"gpu"`` or ``"tpu"``.
    strict : bool
        Whether warnings stop an export.
    """

    verify: str = "run"
    target: str = "any"
    strict: bool = False

    def keywords(self) -> dict[str, str | bool]:
        """Return them as keywords of `sm_magics.export`."""
        verify = False if self.verify == "none" else self.verify
        return {"target": self.target, "verify": verify, "strict": self.strict}
