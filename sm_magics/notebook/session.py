"""One shell's state: which cell bound what, and what was exported. It injects nothing anywhere."""

from __future__ import annotations

import ast
import dataclasses
import re
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from sm_magics.notebook import source
from sm_magics.notebook.bindings import bound_names
from sm_magics.notebook.defaults import Defaults
from sm_magics.notebook.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from IPython.core.interactiveshell import ExecutionResult, InteractiveShell

    from sm_magics.notebook.shown import Models
    from sm_magics.savedmodel.capture import Model
    from sm_magics.savedmodel.diagnostics import Diagnostic, Place


@dataclass(frozen=True, slots=True)
class Binding:
    """Where a name got its value: the cell (execution count, front end's id), line, value's id."""

    cell: int | None
    cell_id: str | None
    line: int
    value: int


class Session:
    """What is known of one shell's notebook.

    Attributes
    ----------
    shell : InteractiveShell
    journal : Journal
        What was checked and exported.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self.shell = shell
        self.journal = Journal()
        self._bindings: dict[str, Binding] = {}
        self._cell_ids: dict[int, str | None] = {}
        self._subscribers: list[Callable[[], object]] = []
        self._shown: dict[Callable[[], object], tuple[int, str | None]] = {}
        self._lock = threading.RLock()

    @property
    def defaults(self) -> Defaults:
        """What a line means where it says nothing: `%config SavedModelMagics`."""
        magics = self.shell.magics_manager.registry.get("SavedModelMagics")
        return Defaults(magics.verify, magics.target, magics.strict) if magics else Defaults()

    def after_cell(self, result: ExecutionResult) -> None:
        """Remember what the cell bound; IPython calls it after each (`post_run_cell`)."""
        info = result.info
        if info is None or not info.raw_cell:
            return
        cell, cell_id = result.execution_count, getattr(info, "cell_id", None)
        if not OURS.match(info.raw_cell):  # our magic records what its body bound
            self.bound(self._names(info.raw_cell), cell=cell, cell_id=cell_id)
        self.journal.review(cell_id, cell, self.current)

    def subscribe(self, told: Callable[[], object]) -> Callable[[], None]:
        """Call `told` after each cell from now on; return what ends that."""
        if not self._subscribers:
            self.shell.events.register("post_run_cell", self._tell)
        self._subscribers.append(told)

        def end() -> None:
            if told in self._subscribers:
                self._subscribers.remove(told)
                if not self._subscribers:
                    self.shell.events.unregister("post_run_cell", self._tell)

        return end

    def showing(self, close: Callable[[], object]) -> None:
        """Remember that the running cell shows something live, which `close` takes away.

        It goes when the cell runs again, which replaces what it showed, and when the session ends.
        """
        count, cell_id = source.running_cell(self.shell)
        for earlier, (before, shown_by) in tuple(self._shown.items()):
            if cell_id is not None and shown_by == cell_id and before != count:
                self._shown.pop(earlier, None)
                earlier()
        self._shown[close] = count, cell_id

    def forget(self, close: Callable[[], object]) -> None:
        """Forget something live that was closed."""
        self._shown.pop(close, None)

    def close(self) -> None:
        """Take away all that is live."""
        for close in tuple(self._shown):
            close()
        self._shown.clear()

    def _tell(self, result: ExecutionResult) -> None:
        del result
        for told in tuple(self._subscribers):
            told()

    def _names(self, text: str) -> dict[str, int]:
        """Return the names that a cell binds, with their lines."""
        magic = _CELL_MAGIC.match(text)
        if magic:
            # `%%time` and its like run the rest as Python; a body in another language binds nothing
            # that is in the namespace.
            text = "\n" * magic.group().count("\n") + text[magic.end() :]
        names = bound_names(text)
        if not names and text.strip():
            # IPython's own syntax: what it makes of it is Python, on the same lines.
            compiled = self.shell.transform_cell(text)
            lines = compiled.splitlines()
            found = bound_names(compiled)
            names = {n: source.line_typed(text, lines, line) for n, line in found.items()}
        return names

    def _catch_up(self) -> None:
        """Remember what the cell that runs just now has bound: IPython tells when it has ended."""
        count, cell_id = source.running_cell(self.shell)
        self._cell_ids.setdefault(count, cell_id)
        text = source.raw_cell(self.shell, count)
        if text and not OURS.match(text):
            self.bound(self._names(text), cell=count, cell_id=cell_id)

    def bound(self, names: dict[str, int], *, cell: int | None, cell_id: str | None) -> None:
        """Record that a cell bound these names (name -> line)."""
        namespace = self.shell.user_ns
        with self._lock:
            if cell is not None:
                # Who asks later, from a click, does not know it any more.
                cell_id = cell_id or self._cell_ids.get(cell)
                self._cell_ids[cell] = cell_id
            for name, line in names.items():
                if name not in namespace:
                    continue
                value = id(namespace[name])
                before = self._bindings.get(name)
                if before is None or before.value != value:
                    # A failed cell leaves what an earlier one bound.
                    self._bindings[name] = Binding(cell, cell_id, line, value)

    def models(self) -> Models:
        """Return the notebook's models, each with the cell that bound it."""
        from sm_magics.notebook.shown import Models

        return Models(model for model, _ in self.captured())

    def captured(self) -> list[tuple[Model, Any]]:
        """Return the notebook's models with the objects themselves."""
        from sm_magics.savedmodel import capture

        self._catch_up()
        return [(self.placed(model), obj) for model, obj in capture.find(dict(self.shell.user_ns))]

    def current(self, expressions: Iterable[str]) -> dict[str, Any]:
        """Return the models that expressions such as ``models['a']`` reach now, by expression."""
        from sm_magics.savedmodel import capture

        namespace, wanted = self.shell.user_ns, set(expressions)
        roots = sorted({root_name(one) for one in wanted} & namespace.keys())
        reached = capture.reach({root: namespace[root] for root in roots})
        return {one: reached[one] for one in wanted if one in reached}

    def has_run_again(self, found: Diagnostic) -> bool:
        """Tell whether the cell of a finding has run since the run that the finding is about."""
        counts = (count for count, cell_id in self._cell_ids.items() if cell_id == found.cell_id)
        return found.cell_id is not None and max(counts, default=0) > (found.cell or 0)

    def located(self, findings: Iterable[Diagnostic], names: Sequence[str]) -> list[Diagnostic]:
        """Put findings where their author sees them: the cell and line instead of the file.

        Findings about the model itself that have no place get the cell that bound it.
        """
        self._catch_up()
        return [self._located(found, names) for found in findings]

    def _located(self, found: Diagnostic, names: Sequence[str]) -> Diagnostic:
        places = [self._related(place) for place in found.related]
        related = tuple(p for p in places if p.cell is not None or p.file is not None)
        found = dataclasses.replace(found, related=related)
        if found.file is not None:
            return source.in_cell(found, self.shell, self._cell_ids)
        binding = self._binding(names)
        if binding is None or found.line is not None or not found.code.startswith(("SM1", "SM2")):
            return found
        return dataclasses.replace(
            found, cell=binding.cell, cell_id=binding.cell_id, line=binding.line
        )

    def _related(self, place: Place) -> Place:
        if place.file is not None:
            return source.in_cell(place, self.shell, self._cell_ids)
        binding = None if place.name is None else self._binding([place.name])
        if binding is None:
            return place
        return dataclasses.replace(
            place, cell=binding.cell, cell_id=binding.cell_id, line=binding.line
        )

    def placed(self, model: Model) -> Model:
        """Return a model with the cell that bound it."""
        binding = self._binding(model.names)
        if binding is None:
            return model
        return dataclasses.replace(
            model, cell=binding.cell, cell_id=binding.cell_id, line=binding.line
        )

    def _binding(self, names: Sequence[str]) -> Binding | None:
        with self._lock:
            found = [self._bindings.get(root_name(name)) for name in names]
        namespace = self.shell.user_ns
        current = [
            binding
            for name, binding in zip(names, found, strict=True)
            if binding is not None and id(namespace.get(root_name(name))) == binding.value
        ]
        # Aliases come later than the cell that made the object.
        return min(current, key=lambda binding: binding.cell or 0, default=None)


OURS = re.compile(r"\s*%%savedmodel\b")
_CELL_MAGIC = re.compile(r"\s*%%\w+[^\n]*\n")


def root_name(expression: str) -> str:
    """Return the variable that an expression such as ``models['a']`` starts from."""
    if expression.isidentifier():
        return expression
    try:
        names = [n.id for n in ast.walk(ast.parse(expression)) if isinstance(n, ast.Name)]
    except SyntaxError:
        return expression
    return names[0] if names else expression


_sessions: WeakKeyDictionary[Any, Session] = WeakKeyDictionary()


def open_session(shell: InteractiveShell) -> Session:
    """Return the session of a shell, made when first asked for."""
    if shell not in _sessions:
        _sessions[shell] = Session(shell)
    return _sessions[shell]


def close_session(shell: InteractiveShell) -> None:
    """Forget the session of a shell."""
    session = _sessions.pop(shell, None)
    if session is not None:
        session.close()
