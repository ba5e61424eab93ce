"""Makes results show themselves; what that takes is imported when the first one is shown."""

from __future__ import annotations

from typing import Any

from sm_magics.savedmodel.display import Displayable


def install() -> None:
    """Make every result of the engine show itself as text and HTML."""
    Displayable.renderer = _rendered


def _rendered(result: Any, *, with_html: bool = True) -> dict[str, str]:
    if not with_html:
        from sm_magics.notebook.text import plain

        return {"text/plain": plain(result)}
    from sm_magics.notebook.render import bundle

    return bundle(result)
