"""A control for each row of the table of options: what it shows <-> what is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipywidgets import Checkbox, Combobox, Dropdown, Layout, Text, Textarea

from sm_magics.notebook.panel import parts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ipywidgets import Box, Widget

    from sm_magics.savedmodel.options import Option


def label(option: Option) -> str:
    """Return the name of an option: that of its flag, which a magic's line has too."""
    return option.flags[-1].removeprefix("--").replace("-", " ")


class Field:
    """The control of one option.

    A value that was shown is read back as it was, as long as nobody changes the control: some
    controls can't hold every value that a line can give.

    Parameters
    ----------
    option : Option
    controls : sequence of ipywidgets
        Those whose traits `value` make up what is typed.
    parse, render : callable
        What the controls hold (a tuple of their values) -> the value that is given, and back.
    """

    def __init__(
        self,
        option: Option,
        controls: Sequence[Widget],
        parse: Callable[[tuple[Any, ...]], Any],
        render: Callable[[Any], tuple[Any, ...]],
    ) -> None:
        self.option = option
        self.controls = tuple(controls)
        self._parse, self._render = parse, render
        self._shown: tuple[Any, Any] = ((), None)
        self._refusal = ""
        self.is_showing = False
        self.complaint = parts.Complaint(option.help)
        self.widget: Box = parts.row(*self.controls, self.complaint.widget)
        if option.unavailable:
            self.refuse(option.unavailable)

    @property
    def value(self) -> Any:
        """What is given; None where nothing is."""
        typed = self._typed()
        return self._shown[1] if typed == self._shown[0] else self._parse(typed)

    def show(self, value: Any) -> None:
        """Show what is given, if that is not what the control says already."""
        if value == self.value:
            self._enable()
            return
        self.is_showing = True
        try:
            for control, typed in zip(self.controls, self._render(value), strict=True):
                if self.option.kind == "choice" and typed not in ("", *self.option.choices):
                    control.options = (*control.options, (f"{typed} (unknown)", typed))
                control.value = typed
        finally:
            self.is_showing = False
        self._shown = self._typed(), value
        self._enable()

    def refuse(self, reason: str) -> None:
        """Show that the option can't be used, and why; empty lets it be used again.

        What is given all the same can be taken back.
        """
        self._refusal = reason
        about = f"{self.option.help} (unavailable: {reason})" if reason else self.option.help
        self.complaint.about = about
        self.complaint.tell("")
        self._enable()

    def expect(self, default: str) -> None:
        """Show what holds where nothing is chosen."""
        (control,) = self.controls
        labels = [f"default ({default})" if default else "default", *self.option.choices]
        control.options = list(zip(labels, ["", *self.option.choices], strict=True))

    def _enable(self) -> None:
        for control in self.controls:
            control.disabled = bool(self._refusal) and self.value is None

    def _typed(self) -> tuple[Any, ...]:
        return tuple(control.value for control in self.controls)


def make(option: Option, suggestions: Sequence[str] = ()) -> Field:
    """Return the field of an option; it offers `suggestions` where a text is typed."""
    if option.kind == "list" and option.choices:
        return _boxes(option)
    named = parts.named(label(option), option.help)
    if option.kind in ("flag", "off"):
        return Field(option, [Checkbox(indent=True, **named)], _flag, lambda value: (bool(value),))
    if option.kind == "choice":
        choices = [("default", ""), *((choice, choice) for choice in option.choices)]
        return Field(option, [Dropdown(options=choices, value="", **named)], _text, _as_text)
    if option.kind in ("list", "pairs"):
        return _lines(option, named)
    if suggestions:
        control: Widget = Combobox(
            options=list(suggestions), placeholder=option.metavar, ensure_option=False, **named
        )
    else:
        control = Text(placeholder=option.metavar, **named)
    return Field(option, [control], _text, _as_text)


def _flag(typed: tuple[Any, ...]) -> Any:
    return typed[0] or None


def _text(typed: tuple[Any, ...]) -> Any:
    return typed[0] or None


def _as_text(value: Any) -> tuple[Any, ...]:
    return (value or "",)


def _boxes(option: Option) -> Field:
    """Return a check box for each choice, of which several may be ticked."""
    name = label(option)
    boxes = [
        Checkbox(
            description=f"{name} {choice}",
            tooltip=option.help,
            indent=False,
            layout=Layout(width="auto"),
        )
        for choice in option.choices
    ]
    boxes[0].layout.margin = f"2px 2px 2px {parts.LABEL_WIDTH}"

    def parse(typed: tuple[Any, ...]) -> Any:
        chosen = [c for c, ticked in zip(option.choices, typed, strict=True) if ticked]
        return tuple(chosen) or None

    def render(value: Any) -> tuple[Any, ...]:
        return tuple(choice in (value or ()) for choice in option.choices)

    return Field(option, boxes, parse, render)


def _lines(option: Option, named: dict[str, Any]) -> Field:
    """Return a text of which each line is one of the values."""
    area = Textarea(placeholder=f"{option.metavar}, one a line", rows=2, **named)
    pairs = option.kind == "pairs"

    def parse(typed: tuple[Any, ...]) -> Any:
        lines = [line for line in typed[0].split("\n") if line.strip()]
        values = [_pair(line) for line in lines] if pairs else lines
        return tuple(values) or None

    def render(value: Any) -> tuple[Any, ...]:
        lines = ["=".join(one) if pairs else one for one in value or ()]
        return ("\n".join(lines),)

    return Field(option, [area], parse, render)


def _pair(line: str) -> tuple[str, str]:
    alias, _, function = line.partition("=")
    return alias, function
