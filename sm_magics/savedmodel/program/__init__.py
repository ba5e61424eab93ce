"""The plain `tf.saved_model.save` program that does what an export does, for scripts without us."""

from __future__ import annotations

import ast
import html
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel.checks import models as models_check
from sm_magics.savedmodel.checks import signatures as signatures_check
from sm_magics.savedmodel.diagnostics import ExportError, blocking, selected
from sm_magics.savedmodel.program import bare_root, wrappers
from sm_magics.savedmodel.program import options as save_options
from sm_magics.savedmodel.program.expressions import Expressions, NoProgramError
from sm_magics.savedmodel.program.text import Names, bracketed, entries, quoted
from sm_magics.savedmodel.publishing.occupancy import next_version
from sm_magics.savedmodel.signatures import candidates, choice, functions, keras_models, paths

if TYPE_CHECKING:
    from sm_magics.savedmodel.publishing.destination import Destination
    from sm_magics.savedmodel.request import Request
    from sm_magics.savedmodel.signatures.endpoints import Endpoint

__all__ = ["NoProgramError", "Program", "write"]


class Program(str):
    """Python source, as a text that shows itself as code."""

    __slots__ = ()

    def _repr_mimebundle_(
        self,
        include: Any = None,  # noqa: ARG002, IPython's protocol
        exclude: Any = None,  # noqa: ARG002, IPython's protocol
    ) -> dict[str, str]:
        return {
            "text/plain": str(self),
            "text/html": f"<pre><code>{html.escape(self)}</code></pre>",
        }

    def _repr_pretty_(self, printer: Any, cycle: Any) -> None:  # noqa: ARG002, IPython's protocol
        # IPython has a printer of its own for what derives from a str.
        printer.text(str(self))


def write(request: Request) -> Program:
    """Return the program that exports as requested; nothing is written to the disk.

    It starts from the author's own object and needs only TensorFlow. What it does not do is what
    `export` adds: checks, staging, the proof.

    Raises
    ------
    ExportError
        If what was asked for can't be exported.
    NoProgramError
        A ValueError, if it can be exported, but not by a program of its own.
    TypeError
        If the request has no destination.
    """
    destination = request.named_destination()
    if request.fix:
        raise NoProgramError(
            f"tf.saved_model.save alone can't do --fix {', '.join(request.fix)}; leave "
            "it out, or let sm_magics export it"
        )
    endpoints = _endpoints(request)
    name = _expression(request.name)
    expressions = Expressions(request.obj, name, request.namespace or {})
    root = name
    options = save_options.source(request.options, expressions)

    names = Names(node.id for node in ast.walk(ast.parse(name)) if isinstance(node, ast.Name))
    definitions: list[str] = []
    signatures: dict[str, str] = {}
    for endpoint in endpoints:
        key = endpoint.signature.key
        found = expressions.find(endpoint.function, endpoint.signature.function)
        if found is None:
            target, expression = _target(endpoint, request, expressions)
            found = names.new(key)
            definitions.append(
                wrappers.definition(
                    found,
                    target,
                    expression,
                    endpoint=endpoint,
                    given=_given(key, request),
                    names=names.inner(),
                )
            )
        signatures[key] = found
    body: list[str] = []
    if bare_root.is_needed(request.obj):
        root = names.new("root")
        body += bare_root.lines(root, request, endpoints, signatures, name)
    body += _saving(root, destination, signatures, options, names, overwrite=request.overwrite)
    overwrites = ["import shutil", ""] if request.overwrite else []
    owners = [f"# {name} = ...: your {_kind(request.obj)}, as in the notebook"]
    owners += [f"# {other} = ...: yours too" for other in expressions.others if other != name]
    parts = ["\n".join([*overwrites, "import tensorflow as tf", "", *owners]), *definitions]
    gap = "\n\n\n" if definitions else "\n\n"
    return Program("\n\n\n".join(parts) + gap + "\n".join(body) + "\n")


def _endpoints(request: Request) -> list[Endpoint]:
    found = models_check.check(request.obj)
    endpoints: list[Endpoint] = []
    if not blocking(found):
        endpoints = choice.choose(
            request.obj,
            request.signatures,
            request.inputs,
            namespace=request.namespace,
            wishes=choice.Wishes(flatten=request.flatten, batch=request.batch),
        )
        if not request.allow_no_signature:
            found += signatures_check.check(request.obj, endpoints)
    found = selected(found, request.select, request.ignore)
    if blocking(found):
        raise ExportError(found)
    return endpoints


def _expression(name: str) -> str:
    try:
        ast.parse(name, mode="eval")
    except (SyntaxError, ValueError):
        return "model"
    return name


def _kind(obj: Any) -> str:
    if keras_models.is_model(obj):
        return "model"
    return "function" if functions.is_function(obj) else type(obj).__name__


def _given(key: str, request: Request) -> Any:
    """Return the inputs that the author spelled out for a signature; None if there are none."""
    if request.signatures is None:
        own = {} if functions.is_function(request.obj) else functions.own_functions(request.obj)
        # An input_signature says it already.
        typed = any(candidates.is_typed(function) for function in own.values())
        return None if typed and not keras_models.is_model(request.obj) else request.inputs
    asked = request.signatures.get(key)
    if functions.is_function(asked):
        return None
    return (asked[1] if type(asked) is tuple else None) or request.inputs


def _target(endpoint: Endpoint, request: Request, expressions: Expressions) -> tuple[Any, str]:
    """Return what a signature of our own making calls, and how a program calls that."""
    obj, key, path = request.obj, endpoint.signature.key, endpoint.signature.function
    asked = (request.signatures or {}).get(key)
    if type(asked) is tuple:
        function = paths.find(asked[0], obj, request.namespace or {})
        if function is not None:
            return function, expressions.of_path(paths.owner(asked[0], function), function)
        return obj, expressions.name
    forward = keras_models.is_model(obj) and path in paths.FORWARD
    if request.signatures is None and (forward or functions.is_function(obj)):
        return obj, expressions.name
    own = {} if functions.is_function(obj) else functions.own_functions(obj)
    found = None
    if keras_models.is_model(asked):
        found = expressions.of_layer(asked)
    elif path in own:
        return own[path], f"{expressions.name}.{path}"
    elif functions.is_function(asked):
        found = expressions.find(asked, path)
    if found is None:
        raise NoProgramError(
            f"the function of the signature {key!r} has no path that a program could name it by; "
            "assign it to an attribute of the model, or to a variable of the notebook"
        )
    return asked, found


def _saving(  # noqa: PLR0913, each is a part of the text
    root: str,
    destination: Destination,
    signatures: dict[str, str],
    options: str | None,
    names: Names,
    *,
    overwrite: bool,
) -> list[str]:
    path = quoted(_path(destination))
    lines = []
    if overwrite:
        variable = names.new("export_dir")
        lines = [
            f"{variable} = {path}",
            "# Not atomic: until the save below has ended there is no whole export there.",
            f"if tf.saved_model.contains_saved_model({variable}):",
            f"    shutil.rmtree({variable})",
        ]
        path = variable
    served = bracketed("signatures={", entries(signatures), "}", depth=1)
    arguments = [root, path, served, *([f"options={options}"] if options else [])]
    return [*lines, bracketed("tf.saved_model.save(", arguments, ")")]


def _path(destination: Destination) -> str:
    path = destination.path
    if destination.next_version:
        path /= str(next_version(path) if path.is_dir() else 1)
    here = Path(os.path.realpath(os.curdir))
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else str(path)
