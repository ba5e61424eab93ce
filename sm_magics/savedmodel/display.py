"""What makes a result of the engine show itself, without the engine knowing how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Callable


class Displayable:
    """A result that shows itself as text and as HTML.

    The faces set `renderer`, which gives the MIME bundle of a result, ``with_html=False`` its text
    alone; without one (the engine used alone) a result prints its fields.
    """

    __slots__ = ()
    renderer: ClassVar[Callable[..., dict[str, str]] | None] = None

    def _repr_mimebundle_(
        self,
        include: Any = None,  # noqa: ARG002, IPython's protocol
        exclude: Any = None,  # noqa: ARG002, IPython's protocol
    ) -> dict[str, str]:
        render = Displayable.renderer
        return {"text/plain": repr(self)} if render is None else render(self)

    def _repr_pretty_(self, printer: Any, cycle: Any) -> None:  # noqa: ARG002, IPython's protocol
        # Only lists and tuples need it: IPython has printers of its own for what derives from them.
        printer.text(str(self))

    def __str__(self) -> str:
        """Return the text that terminals and logs show."""
        render = Displayable.renderer
        return repr(self) if render is None else render(self, with_html=False)["text/plain"]
