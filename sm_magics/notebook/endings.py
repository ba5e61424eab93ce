"""How a check or an export ended, in the words that a person is told."""

from __future__ import annotations

import re
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from sm_magics.savedmodel.diagnostics import ExportError, blocking

if TYPE_CHECKING:
    from collections.abc import Callable

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class Ending:
    """How something ended.

    Attributes
    ----------
    told : str
        One sentence for the person.
    went_wrong : bool
        Whether that is bad news.
    details : str
        The traceback of an error that nobody expected.
    hint : str
        What to do instead, of a finding that stopped it.
    """

    told: str
    went_wrong: bool = False
    details: str = ""
    hint: str = ""


def ending(run: Callable[[], Any], tell: Callable[[Any], str]) -> Ending:
    """Run something to its end, and return how that was; an interrupt passes.

    Parameters
    ----------
    run : callable
        A check or an export.
    tell : callable
        Returns the sentence for what `run` returned.
    """
    try:
        return Ending(tell(run()))
    except UsageError as error:
        return Ending(str(error), went_wrong=True)
    except ExportError as error:
        stops = blocking(error.findings) or list(error.findings)
        told = f"Nothing was written. {stops[0].code}: {stops[0].message}"
        return Ending(told, went_wrong=True, hint=stops[0].hint)
    except (Exception, SystemExit) as error:  # noqa: BLE001, whatever it is, the person is told
        return unexpected(error)


def unexpected(error: BaseException) -> Ending:
    """Return the ending that is an error which nobody expected."""
    details = _COLOURS.sub("", "".join(traceback.format_exception(error)))
    told = _COLOURS.sub("", f"{type(error).__name__}: {error}")
    return Ending(told, went_wrong=True, details=details)
