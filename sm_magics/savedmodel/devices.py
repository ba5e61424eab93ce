"""Device strings as graphs have them: ``/job:localhost/replica:0/task:0/device:GPU:0``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

_PART = re.compile(r"/?(job|replica|task|device|cpu|gpu|tpu):([^/]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Device:
    """A device, as far as its string says.

    Attributes
    ----------
    job : str
        Empty where it is not said, as the others are.
    replica, task : int or None
    type : str
        ``"CPU"``, ``"GPU"``, ``"TPU"`` or that of another device.
    index : int or None
    """

    job: str = ""
    replica: int | None = None
    task: int | None = None
    type: str = ""
    index: int | None = None

    def __str__(self) -> str:
        """Return its type and index, as a person types them: ``GPU:0``."""
        return self.type if self.index is None else f"{self.type}:{self.index}"

    @property
    def is_elsewhere(self) -> bool:
        """Whether it is in another process than the one that serves."""
        return self.job not in ("", "localhost") or bool(self.replica) or bool(self.task)

    def fits(self, other: Device) -> bool:
        """Tell whether whatever this one says, `other` says too, of type and index."""
        return self.type in ("", other.type) and self.index in (None, other.index)


@cache
def parse(text: str) -> Device:
    """Read a device string, short (``/GPU:0``) or long; what is not understood is left out."""
    found: dict[str, str] = {}
    for key, value in _PART.findall(text):
        if key.lower() in ("cpu", "gpu", "tpu"):
            found["device"] = f"{key.upper()}:{value}"
        else:
            found[key.lower()] = value
    kind, _, index = found.get("device", "").partition(":")
    return Device(
        job=found.get("job", ""),
        replica=_number(found.get("replica", "")),
        task=_number(found.get("task", "")),
        type=kind.upper(),
        index=_number(index),
    )


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() else None
