"""Run the body of a cell magic as the ordinary cell that its author takes it for.

Lines are those of the whole cell, autograph finds the source, the last expression is shown, `await`
works, and an error in the body is the cell's one traceback.
"""

from __future__ import annotations

import ast
import inspect
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from IPython.core.displayhook import DisplayHook

from sm_magics.notebook import source
from sm_magics.notebook.bindings import bound_names

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator
    from types import CodeType, TracebackType

    from IPython.core.interactiveshell import InteractiveShell


@dataclass(frozen=True, slots=True)
class Body:
    """A cell magic's body, placed where it stands in its cell.

    Attributes
    ----------
    source : str
        Python, padded so that its lines are those of the cell.
    filename : str
        Under which IPython, tracebacks and autograph find the source.
    cell : int
        The cell's execution count.
    """

    source: str
    filename: str
    cell: int

    @property
    def names(self) -> dict[str, int]:
        """The names that it binds, with their lines."""
        return bound_names(self.source)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a body left: the value of its last expression, None if it ends otherwise."""

    value: Any


def place(shell: InteractiveShell, body: str) -> Body:
    """Find the body in the cell that is running and register its source under the cell's name."""
    count, _ = source.running_cell(shell)
    raw = source.raw_cell(shell, count)
    at = raw.rfind(body.rstrip("\n")) if body.strip() else -1
    if at < 0:
        # Run without history, or by another magic: the body is all that is known.
        raw, at = "\n" + body, 1
    # `transform_cell` drops leading blank lines; they count as well.
    blank = len(body) - len(body.lstrip("\n"))
    padded = "\n" * (raw[:at].count("\n") + blank) + shell.transform_cell(body)
    filename = shell.compile.cache(padded, count, raw_code=raw)
    return Body(padded, filename, count)


async def run(shell: InteractiveShell, body: Body) -> Outcome:
    """Run a body in the shell's namespace; shows its last expression."""
    try:
        with _syntax_errors_as_of_a_cell(shell):
            parsed = shell.compile.ast_parse(body.source, filename=body.filename)
        tree = shell.transform_ast(parsed)
        last = tree.body[-1] if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        statements = tree.body[:-1] if last is not None else tree.body
        await _execute(shell, ast.Module(statements, []), body.filename, "exec")
        if last is None:
            return Outcome(None)
        value = await _execute(shell, ast.Expression(last.value), body.filename, "eval")
    except BaseException as error:
        _show_only_the_cell(shell, error, body.filename)
        raise
    if not _is_silenced(body.source):
        shell.displayhook(value)
    return Outcome(value)


def is_async(shell: InteractiveShell, source: str) -> bool:
    """Tell whether a body awaits at its top level."""
    if "await" not in source and "async" not in source:
        return False
    try:
        with shell.compile.extra_flags(ast.PyCF_ALLOW_TOP_LEVEL_AWAIT):
            code = shell.compile(shell.transform_cell(source), "<body>", "exec")
    except SyntaxError:
        return False
    return bool(code.co_flags & inspect.CO_COROUTINE)


def drive(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that never waits, to its end.

    Raises
    ------
    RuntimeError
        If it waits after all.
    """
    try:
        coroutine.send(None)
    except StopIteration as finished:
        return finished.value
    coroutine.close()
    raise RuntimeError("`await` needs a cell of its own: it does not work below another magic")


async def _execute(shell: InteractiveShell, tree: ast.AST, filename: str, mode: str) -> Any:
    top_level_await = shell.compile.extra_flags(ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    with _syntax_errors_as_of_a_cell(shell), top_level_await:
        code: CodeType = shell.compile(tree, filename, mode)  # type: ignore[arg-type]
    value = eval(code, shell.user_global_ns, shell.user_ns)  # noqa: S307, it is the user's cell
    return await value if code.co_flags & inspect.CO_COROUTINE else value


def _is_silenced(source: str) -> bool:
    return bool(DisplayHook.semicolon_at_end_of_expression(source))


@contextmanager
def _syntax_errors_as_of_a_cell(shell: InteractiveShell) -> Iterator[None]:
    """Make IPython show a SyntaxError as that of an ordinary cell, without frames.

    It asks a SyntaxError for no `_render_traceback_`, so what shows it steps in, once.
    """
    try:
        yield
    except SyntaxError as error:
        mine = error

        def show(filename: str | None = None, running_compiled_code: bool = False) -> None:  # noqa: FBT001, FBT002, IPython's signature
            del shell.showsyntaxerror  # the class's own is there again
            frames = running_compiled_code and sys.exc_info()[1] is not mine
            shell.showsyntaxerror(filename, frames)

        shell.showsyntaxerror = show  # type: ignore[method-assign]
        raise


def _show_only_the_cell(shell: InteractiveShell, error: BaseException, filename: str) -> None:
    """Make IPython show the error's frames from the cell's own on, without those of the magic."""
    own: TracebackType | None = error.__traceback__
    while own is not None and own.tb_frame.f_code.co_filename != filename:
        own = own.tb_next
    if own is None or hasattr(error, "_render_traceback_"):
        return
    render = partial(shell.InteractiveTB.structured_traceback, type(error), error, own, tb_offset=0)
    try:
        error._render_traceback_ = render  # type: ignore[attr-defined]
    except AttributeError:
        return  # an exception with slots is shown with all its frames


def awaiting(shell: InteractiveShell) -> Any:
    """Return an input transformer that awaits a `%%savedmodel` whose body awaits.

    IPython runs a magic as a plain call; only a cell that says `await` is run as a coroutine.
    """
    call = "get_ipython().run_cell_magic('savedmodel',"

    def transform(lines: list[str]) -> list[str]:
        if not (lines and lines[0].startswith(call) and shell.autoawait):
            return lines
        try:
            expression = ast.parse("".join(lines), mode="eval").body
        except SyntaxError:
            return lines
        if not isinstance(expression, ast.Call):
            return lines
        body = ast.literal_eval(expression.args[2])
        return ["await " + lines[0], *lines[1:]] if is_async(shell, body) else lines

    return transform
