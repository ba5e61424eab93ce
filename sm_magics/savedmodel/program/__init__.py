"""The plain `tf.saved_model.save` program that does what an export does, for scripts without us."""

from __future__ import annotations

import ast
import html
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import tf_private
from sm_magics.savedmodel.checks import models as models_check
from sm_magics.savedmodel.checks import signatures as signatures_check
from sm_magics.savedmodel.diagnostics import ExportError, blocking, selected
from sm_magics.savedmodel.program import options as save_options
from sm_magics.savedmodel.program import wrappers
from sm_magics.savedmodel.program.expressions import Expressions, NoProgramError
from sm_magics.savedmodel.program.text import Names, bracketed, entries, quoted
from sm_magics.savedmodel.publishing.occupancy import next_version
from sm_magics.savedmodel.signatures import choice, endpoint_specs, functions, keras_models

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    """
    assert request.destination is not None  # noqa: S101, only `check` does without
    endpoints = _endpoints(request)
    name = _expression(request.name)
    expressions = Expressions(request.obj, name, request.namespace or {})
    root, mirrored = name, _holds_keras3(request.obj)
    options = save_options.source(request.options, expressions)

    names = Names(node.id for node in ast.walk(ast.parse(name)) if isinstance(node, ast.Name))
    definitions: list[str] = []
    signatures: dict[str, str] = {}
    for endpoint in endpoints:
        key = endpoint.signature.key
        found = expressions.find(endpoint.function, endpoint.signature.function)
        if found is None:
            _refuse_parts(endpoint)
            target, expression = _target(endpoint, request, expressions)
            found = names.new(key)
            definitions.append(
                wrappers.definition(
                    found,
                    target,
                    expression,
                    signature=endpoint.signature,
                    given=_given(key, request),
                    names=names.inner(),
                )
            )
        signatures[key] = found
    body: list[str] = []
    if mirrored or functions.is_function(request.obj):
        root = names.new("root")
        body += _bare_root(root, request, endpoints, signatures, name)
    body += _saving(root, request, signatures, options, names)
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


def _refuse_parts(endpoint: Endpoint) -> None:
    for name, kind, _ in endpoint_specs.composites(endpoint.concrete):
        raise NoProgramError(
            f"the input {name!r} of the signature {endpoint.signature.key!r} is a {kind}, which a "
            "program would have to put together; serve a tf.function whose input_signature has it"
        )


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
    asked = (request.signatures or {}).get(key)
    return (asked[1] if isinstance(asked, tuple) else None) or request.inputs


def _target(endpoint: Endpoint, request: Request, expressions: Expressions) -> tuple[Any, str]:
    """Return what a signature of our own making calls, and how a program calls that."""
    obj, key, path = request.obj, endpoint.signature.key, endpoint.signature.function
    asked = (request.signatures or {}).get(key)
    if isinstance(asked, tuple):
        function = choice.find(asked[0], obj, request.namespace or {})
        if function is not None:
            return function, expressions.of_path(choice.owner(asked[0], function), function)
        return obj, expressions.name
    if keras_models.is_model(asked) and (found := expressions.of_layer(asked)):
        return asked, found
    if request.signatures is None and functions.is_function(obj):
        return obj, expressions.name
    if request.signatures is None and keras_models.is_model(obj) and path in choice.FORWARD:
        return obj, expressions.name
    own = {} if functions.is_function(obj) else functions.own_functions(obj)
    if path in own:
        return own[path], f"{expressions.name}.{path}"
    raise NoProgramError(
        f"the function of the signature {key!r} has no path that a program could name it by; "
        "assign it to an attribute of the model, or to a variable of the notebook"
    )


def _holds_keras3(obj: Any) -> bool:
    """Tell whether TensorFlow would write Keras 3 variables, which it can't (decision 001)."""
    import tensorflow as tf

    if functions.is_function(obj):
        return False
    variable = tf_private.keras_variable_class()
    return any(
        (variable is not None and isinstance(part, variable))
        or any(cls.__module__.startswith("keras.src.") for cls in type(part).__mro__)
        for part in tf.train.TrackableView(obj).descendants()
    )


def _bare_root(
    root: str,
    request: Request,
    endpoints: Sequence[Endpoint],
    signatures: dict[str, str],
    name: str,
) -> list[str]:
    lines = [f"{root} = tf.Module()"]
    kept = {id(v.handle) for endpoint in endpoints for v in endpoint.concrete.variables}
    if functions.is_function(request.obj):
        lines.append(f"{root}.function = {name}")
        made = f"{name}.variables"
        if not functions.is_concrete(request.obj):
            ((_, served),) = signatures.items()
            made = f"{served}.get_concrete_function().variables"
        return [*lines, f"{root}.weights = list({made})"]
    lines.append("# Keras's own variables are wrappers, which graph-mode loaders can't read.")
    if keras_models.is_model(request.obj):
        lines.append(f"{root}.weights = [v.value for v in {name}.variables]")
        kept = {id(variable.value.handle) for variable in request.obj.variables}
        if request.with_optimizer and getattr(request.obj, "optimizer", None) is not None:
            lines.append(f"{root}.optimizer = [v.value for v in {name}.optimizer.variables]")
    else:
        parts = [
            f"list({served}.variables)"
            if functions.is_concrete(endpoint.function)
            else f"list({served}.get_concrete_function().variables)"
            for endpoint, served in zip(endpoints, signatures.values(), strict=True)
        ]
        lines.append(bracketed(f"{root}.weights = [", parts, "]"))
    if _needs_more(request.obj, endpoints, kept):
        lines += [
            "# Lookup tables, and variables that Keras does not know.",
            f"{root}.resources = [",
            "    part",
            f"    for part in tf.train.TrackableView({name}).descendants()",
            "    if isinstance(part, (tf.Variable, tf.saved_model.experimental.TrackableResource))",
            "]",
        ]
    if signatures:
        lines.append(f"{root}.serve = {next(iter(signatures.values()))}")
    return lines


def _needs_more(obj: Any, endpoints: Sequence[Endpoint], kept: set[int]) -> bool:
    import tensorflow as tf

    captured = {
        id(tensor)
        for endpoint in endpoints
        for tensor in endpoint.concrete.captured_inputs
        if tensor.dtype == tf.resource
    }
    missing = captured - kept
    if missing:
        parts = tf.train.TrackableView(obj).descendants()
        resources = tf.saved_model.experimental.TrackableResource
        missing -= {id(part.handle) for part in parts if isinstance(part, tf.Variable)}
        missing -= {id(part.resource_handle) for part in parts if isinstance(part, resources)}
        if missing:
            raise NoProgramError(
                "a signature reads variables or tables that no attribute of the model leads to, "
                "so a program could not save them; assign them to attributes"
            )
    return bool(captured - kept)


def _saving(
    root: str, request: Request, signatures: dict[str, str], options: str | None, names: Names
) -> list[str]:
    assert request.destination is not None  # noqa: S101, as in `write`
    path = quoted(_path(request.destination))
    lines = []
    if request.overwrite:
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
