"""What the panel's form says, and what is wrong with it: traitlets, no widgets, no tracing."""

from __future__ import annotations

import ast
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from IPython.core.error import UsageError
from traitlets import Dict, HasTraits, Instance, Tuple

from sm_magics.notebook import asking, typed_line
from sm_magics.notebook.defaults import Defaults
from sm_magics.notebook.request_text import RequestText
from sm_magics.savedmodel import capture, outlook, proofreading
from sm_magics.savedmodel.capture import Model
from sm_magics.savedmodel.outlook import Outlook

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sm_magics.notebook.session import Session

ROWS = ("signatures", "inputs")
"""Options that are a table: each of their texts has a complaint of its own."""


class Form(HasTraits):
    """A request that a person fills in.

    Attributes
    ----------
    request : RequestText
        What the form says, in the words of the magics; set it to fill the form in.
    models : tuple of Model
        The notebook's models, followed from cell to cell by `refresh`.
    model : Model or None
        The one that `request.model` means; set it to pick one.
    functions : tuple of str
        What of it can be served, as a person types it.
    complaints : dict of str to (str or tuple of str)
        What is wrong with the text of a field, by the option's name, ``"model"`` or
        ``"directory"``; only what is wrong. A table has one text a row, empty where it is right.
    outlook : Outlook or None
        What is at the destination; None as long as no directory is named.
    defaults : Defaults
        What holds where the request says nothing, by ``%config``.
    """

    request = Instance(RequestText)
    models = Tuple()
    model = Instance(Model, allow_none=True)
    functions = Tuple()
    complaints = Dict()
    outlook = Instance(Outlook, allow_none=True)
    defaults = Instance(Defaults, args=())

    def __init__(self, session: Session, request: RequestText, obj: Any = None) -> None:
        self.session = session
        self._captured: list[_Held] = []
        self._given = obj
        self._is_typed = obj is None
        self._chosen: _Held | None = None
        self._missing = ""
        self._rows_read: tuple[Any, dict[str, tuple[str, ...]]] | None = None
        self._seen: tuple[Any, Outlook | None] = None, None
        self._is_over = False
        # A cell's end and a click may change the form from two threads.
        self.lock = threading.RLock()
        super().__init__(request=request, defaults=session.defaults)
        self.refresh()
        if self._is_typed and self.model is None and request.model:
            self._evaluate(request.model)
            self.refresh()
        if not self._is_typed and self._is_captured(obj):
            self._given, self._is_typed = None, True  # the notebook has a name for it
            named = next(one.model for one in self._captured if one.obj() is obj)
            self.request = replace(self.request, model=named.name)
            self.refresh()
        self.observe(self._on_request, "request")
        self.observe(self._on_model, "model")

    @property
    def obj(self) -> Any:
        """The object that is exported; None where there is none."""
        return None if self._chosen is None else self._chosen.obj()

    @property
    def has_name(self) -> bool:
        """Whether `request.model` means the object in the notebook, too."""
        return self._is_typed or self._is_captured(self.obj)

    @property
    def is_evaluated(self) -> bool:
        """Whether `request.model` is no name of a model, but an expression that makes one."""
        return self._is_typed and self._given is not None

    @property
    def is_right(self) -> bool:
        """Whether nothing is wrong that can be seen without a check."""
        return self.model is not None and not self.complaints

    @property
    def directory(self) -> str:
        """Where the export goes, as typed."""
        return self.request.directory

    @directory.setter
    def directory(self, typed: str) -> None:
        with self.lock:
            self.request = replace(self.request, directory=typed)

    def value(self, name: str) -> Any:
        """Return what is given for an option; None where nothing is."""
        return self.request.given.get(name)

    def put(self, name: str, value: Any) -> None:
        """Give a value for an option; None, False and what is empty take it back."""
        with self.lock:
            self.request = self.request.with_options(**{name: value})

    def pick(self, model: Model) -> None:
        """Choose a model of those in `models`."""
        with self.lock:
            if self._chosen is None or model is not self._chosen.model:
                self.request = replace(self.request, model=model.name)

    def refresh(self) -> None:
        """Look at the notebook's models again, and at the destination."""
        if self._is_over:
            return
        captured = [_Held.of(model, obj) for model, obj in self.session.captured()]
        with self.lock:
            self._captured = captured
            self._rows_read, self._seen = None, (None, None)  # a cell may have changed these
            with self.hold_trait_notifications():
                self.defaults = self.session.defaults
                if not self.request.model and self._is_typed and captured:
                    self.request = replace(self.request, model=captured[-1].model.name)
                self._settle()
            self._judge()

    def proposal(self, function: str) -> str:
        """Return the specs to offer for a function that does not say what it takes, as text.

        Empty where nothing is to be offered, and for what is not built yet: a check would build it
        with sizes that nobody has chosen.
        """
        if self.model is not None and self.model.built is False:
            return ""
        specs = proofreading.proposal(function, self.obj, self.session.shell.user_ns)
        return "" if specs is None else ", ".join(map(str, specs))

    def judged(self, texts: Sequence[str]) -> str:
        """Return what is wrong with signatures that nobody has typed yet; empty if nothing is."""
        namespace = self.session.shell.user_ns
        told = proofreading.signatures(texts, self.obj, namespace)
        return "; ".join(filter(None, told))

    def current_obj(self, *, evaluates: bool = True) -> Any:
        """Return the object as the line would find it now.

        Parameters
        ----------
        evaluates : bool
            Whether an expression that is no name of a model is evaluated (again).

        Raises
        ------
        UsageError
            If there is none.
        """
        is_named = self._is_captured(self.obj)
        if evaluates and self._is_typed and not is_named and self.request.model:
            self._evaluate(self.request.model)
            with self.lock:
                with self.hold_trait_notifications():
                    self._settle()
                self._judge()
        if self.obj is None:
            raise UsageError(self.complaints.get("model", "pick a model"))
        return self.obj

    def let_go(self) -> None:
        """Keep no object any more."""
        self._is_over = True
        self._captured, self._chosen, self._given = [], None, None

    def _evaluate(self, expression: str) -> None:
        """Keep the object of an expression that no captured model has for a name."""
        value, missing = None, ""
        try:
            value = asking.evaluated(self.session, expression, "MODEL")
        except UsageError as error:
            missing = str(error)
        with self.lock:
            if self.request.model == expression:  # as it was before that ran
                self._given, self._missing = value, missing

    def _is_captured(self, obj: Any) -> bool:
        return obj is not None and any(one.obj() is obj for one in self._captured)

    def _settle(self) -> None:
        """Find what `request.model` means."""
        found, before = self._find(), self.obj
        obj = None if found is None else found.obj()
        known = () if self.model is None else self.model.functions
        self._chosen = found
        model = None if found is None else found.model
        if model is None:
            self.functions = ()
        elif obj is not before or model.functions != known:
            self.functions = tuple(proofreading.functions(obj, model.names))
        if obj is not before:
            self._rows_read = None
            self.model = None  # equal to the one before it may be, and is another
        self.model = model
        listed = tuple(one.model for one in self._captured)
        self.models = listed if model is None or model in listed else (*listed, model)

    def _find(self) -> _Held | None:
        wanted = _plain(self.request.model)
        for one in self._captured:
            if self._is_typed and wanted in one.model.names:
                return one
        if self._given is None:
            return None
        # What was evaluated once is kept: who looks at a form runs no code.
        for one in self._captured:
            if one.obj() is self._given:
                return one
        if not capture.kind_of(self._given):
            return None
        model = capture.describe(self._given, (wanted or "model",))
        return _Held.of(model, self._given)

    def _on_request(self, change: Any) -> None:
        if change.new.model != change.old.model:
            self._given, self._missing, self._is_typed = None, "", True
            with self.hold_trait_notifications():
                self._settle()
        self._judge()

    def _on_model(self, change: Any) -> None:
        if change.new is None and self.obj is not None:
            self._settle()  # there is no way to pick none
        if change.new is not None and _plain(self.request.model) not in change.new.names:
            self.request = replace(self.request, model=change.new.name)

    def _judge(self) -> None:
        """Look at every field; `complaints` and `outlook` change where they must."""
        given, namespace = self.request.given, self.session.shell.user_ns
        found: dict[str, Any] = {"model": self._model_complaint(), **self._row_complaints()}
        if "sample" in given:
            found["sample"] = self._sample_complaint(given["sample"])
        for name, value in given.items():
            if name not in (*ROWS, "sample"):
                typed = dict(value) if name == "function_aliases" else value
                found[name] = proofreading.option(
                    name, typed, given, obj=self.obj, namespace=namespace
                )
        self.outlook = self._outlook()
        if self.outlook is not None:
            left = typed_line.unfilled(self.request.directory)
            unfilled = f"{left} would not be filled in here: type the name itself" if left else ""
            found["directory"] = unfilled or self.outlook.refusal
        self.complaints = {name: told for name, told in found.items() if told}

    def _row_complaints(self) -> dict[str, tuple[str, ...]]:
        """Return what is wrong with the tables; a large model is looked at for their own sake."""
        texts, inputs = (self.request.given.get(name, ()) for name in ROWS)
        read = self._rows_read
        if read is None or read[0] != (texts, inputs):
            namespace = self.session.shell.user_ns
            told = proofreading.signatures(texts, self.obj, namespace, inputs)
            tables = {"signatures": _rows(told), "inputs": _rows(proofreading.inputs(inputs))}
            read = self._rows_read = (texts, inputs), tables
        return read[1]

    def _sample_complaint(self, expression: str) -> str:
        """Look at an expression without running it."""
        try:
            ast.parse(expression, mode="eval")
        except (SyntaxError, ValueError, RecursionError):
            return f"{expression!r} is no expression; name an array, or a dict of arrays"
        if expression.isidentifier() and expression not in self.session.shell.user_ns:
            return f"there is no {expression} in this notebook"
        return ""

    def _model_complaint(self) -> str:
        if self.model is not None:
            return ""
        if not self.request.model:
            return "pick a model"
        return self._missing or f"{self.request.model} is no model of this notebook now"

    def _outlook(self) -> Outlook | None:
        directory = self.request.directory
        asked = directory, bool(self.value("next_version")), bool(self.value("overwrite"))
        if not directory:
            return None
        if self._seen[0] != asked:
            seen = outlook.look(directory, next_version=asked[1], overwrite=asked[2])
            self._seen = asked, seen
        return self._seen[1]


class _Held(NamedTuple):
    """A model with its object, which is not kept alive where that can be helped."""

    model: Model
    obj: Callable[[], Any]

    @classmethod
    def of(cls, model: Model, obj: Any) -> _Held:
        return cls(model, model.ref if model.ref is not None else lambda: obj)


def _plain(expression: str) -> str:
    """Return an expression with the quotes that captured names have."""
    try:
        return ast.unparse(ast.parse(expression, mode="eval"))
    except (SyntaxError, ValueError, RecursionError):
        return expression


def _rows(complaints: Sequence[str]) -> tuple[str, ...]:
    return tuple(complaints) if any(complaints) else ()
