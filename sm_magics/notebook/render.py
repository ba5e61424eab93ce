"""How every result shows itself: a result in, text/plain and text/html out."""

from __future__ import annotations

import re
from functools import cache
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from sm_magics.notebook.shown import Findings, Models
from sm_magics.notebook.text import plain
from sm_magics.savedmodel.diagnostics import Diagnostic
from sm_magics.savedmodel.display import Displayable
from sm_magics.savedmodel.model import Model

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

__all__ = ["Findings", "Models", "bundle", "fragment", "install", "uninstall"]

_TEMPLATES = {
    "Diagnostic": "findings.html.j2",
    "Diff": "diff.html.j2",
    "Findings": "findings.html.j2",
    "Inspection": "inspection.html.j2",
    "Model": "models.html.j2",
    "Models": "models.html.j2",
    "Progress": "progress.html.j2",
    "Result": "result.html.j2",
}


def install() -> None:
    """Make every result of the engine show itself as `bundle` renders it."""
    Displayable.renderer = bundle


def uninstall() -> None:
    """Undo `install`: results print their fields again."""
    Displayable.renderer = None


def bundle(result: Any, *, with_html: bool = True) -> dict[str, str]:
    """Return `result` as a MIME bundle.

    Parameters
    ----------
    result : Result, Inspection, Diff, Diagnostic, Findings, Model, Models or Progress
        Anything else is shown as its repr, without HTML.
    with_html : bool
        Text alone takes a fraction of the time.

    Returns
    -------
    dict
        ``text/plain``, the full answer, and ``text/html``, the same with folding and colour.
    """
    shown = {"text/plain": plain(result)}
    template = _TEMPLATES.get(type(result).__name__) if isinstance(result, Displayable) else None
    if with_html and template is not None:
        shown["text/html"] = _environment().get_template(template).render(result=_many(result))
    return shown


def fragment(template: str, **words: Any) -> str:
    """Return what a template of the panel writes with these words, escaped as in `bundle`."""
    return _environment().get_template(template).render(**words)


def _many(result: Any) -> Any:
    """Return a single finding or model as the list that its template shows."""
    if isinstance(result, Diagnostic):
        return Findings([result])
    return Models([result]) if isinstance(result, Model) else result


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    from sm_magics.notebook import differences, filetree, snippets, verdicts, words

    def visible(value: object) -> object:
        # Markup is the templates' own and has been through here.
        if isinstance(value, Markup):
            return value
        return words.printable(str(value)) if isinstance(value, str | PurePath) else value

    environment = Environment(
        loader=PackageLoader("sm_magics.notebook"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=visible,
    )
    environment.globals.update(
        words=words,
        differences=differences,
        verdicts=verdicts,
        snippets=snippets,
        grow=filetree.grow,
        style=_style("style.css"),
        panel_style=_style("panel/style.css"),
    )
    return environment


def _style(name: str) -> Markup:
    """Return a style sheet on one line, without comments."""
    from importlib.resources import files

    from markupsafe import Markup

    css = files("sm_magics.notebook").joinpath(name).read_text("utf-8")
    css = re.sub(r"\s+", " ", re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL))
    # The style sheet is our own file: nothing that a user names gets into it.
    return Markup(css.strip())  # noqa: S704
