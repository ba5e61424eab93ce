"""The wire: every message between the kernel and the sidebar, and nothing else.

`scripts/make_messages.py` writes `labextension/src/messages.ts` from it, and a test says when that
file is out of date; `tests/wire/messages.json` has one message of each kind, which the tests of
both ends read.

Sizes are in bytes, times in seconds, lines and columns 1-based in the cell as its author sees it.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

Severity = Literal["error", "warning", "info"]
Target = Literal["", "any", "cpu", "gpu", "tpu"]
Command = Literal["check", "export", "panel"]
Reason = Literal["malformed", "version", "cancelled", "refused", "error"]
Given = bool | str | list[str]
"""The value of an option: as `RequestText.given` has it."""


class Noun(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of messages."""


class Model(Noun, frozen=True, kw_only=True):
    """A model of the notebook: `sm_magics.Model`. `panel` is the line that opens its panel."""

    name: str
    names: list[str]
    kind: str
    framework: str
    class_name: str
    built: bool | None
    variables: int
    bytes: int
    functions: list[str]
    cell: int | None
    cell_id: str | None
    line: int | None
    panel: str


class Related(Noun, frozen=True, kw_only=True):
    """A place that a finding refers to besides its own."""

    what: str
    cell: int | None
    cell_id: str | None
    line: int | None


class Finding(Noun, frozen=True, kw_only=True):
    """What can go wrong: `sm_magics.Diagnostic`, with its title and consequence."""

    code: str
    severity: Severity
    title: str
    consequence: str
    message: str
    hint: str
    function: str | None
    count: int
    cell: int | None
    cell_id: str | None
    line: int | None
    end_line: int | None
    column: int | None
    end_column: int | None
    file: str | None
    source: str | None
    related: list[Related]


class Check(Noun, frozen=True, kw_only=True):
    """What the last check or export of a model found, and whether model or cell changed since."""

    subject: str
    target: str
    is_stale: bool
    findings: list[Finding]


class File(Noun, frozen=True, kw_only=True):
    """A file of a directory: its relative POSIX path, its size, what it is."""

    path: str
    bytes: int
    role: str


class Signature(Noun, frozen=True, kw_only=True):
    """A signature; its inputs and outputs as a person types them: ``x: float32[None, 3]``."""

    key: str
    function: str
    inputs: list[str]
    outputs: list[str]


class Directory(Noun, frozen=True, kw_only=True):
    """A SavedModel directory; `snippet` is the Python that loads it and calls its signatures.

    `subject` is the model that this session has exported there, empty where it did not.
    """

    path: str
    subject: str
    bytes: int
    files: list[File]
    more_files: int
    signatures: list[Signature]
    tags: list[str]
    versions: dict[str, str]
    snippet: str


class Running(Noun, frozen=True, kw_only=True):
    """How far an export is; `phases` in their order, `phase` is one of them."""

    subject: str
    phase: str
    phases: list[str]
    seconds: float
    bytes: int


class Option(Noun, frozen=True, kw_only=True):
    """An option of an export: `sm_magics.savedmodel.options.Option`."""

    name: str
    kind: str
    help: str
    metavar: str
    choices: list[str]


class Ask(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """A request of the front end; every answer to it has its `id`."""

    id: str


class Hello(Ask, frozen=True, kw_only=True, tag="hello"):
    """The first request. It is answered by Welcome, or Failed if versions differ."""

    version: int


class Watch(Ask, frozen=True, kw_only=True, tag="watch"):
    """Keep the models up to date from now on: somebody looks. Answered by Done.

    With `live_checks` what was checked is checked again when a cell made it anew, for `target`
    where it was asked for none. Who is silent for 10 minutes is taken to be gone.
    """

    live_checks: bool
    target: Target


class Leave(Ask, frozen=True, kw_only=True, tag="leave"):
    """Nobody looks any more. Answered by Done."""


class CheckModel(Ask, frozen=True, kw_only=True, tag="check"):
    """Check a model of the notebook. Answered by Done.

    With `again`, the options of its last check or export that say what is served hold, too.
    """

    model: str
    options: dict[str, Given]
    again: bool


class ExportModel(Ask, frozen=True, kw_only=True, tag="export"):
    """Export a model of the notebook. Answered by Done, Running on the way."""

    model: str
    directory: str
    options: dict[str, Given]


class Inspect(Ask, frozen=True, kw_only=True, tag="inspect"):
    """Read a directory. Answered by Inspected."""

    directory: str


class Compare(Ask, frozen=True, kw_only=True, tag="compare"):
    """Tell what differs between two directories. Answered by Compared."""

    first: str
    second: str


class Write(Ask, frozen=True, kw_only=True, tag="write"):
    """Write a request as a magic's line: `command` is check, export or panel. Answered by Line."""

    command: Command
    model: str
    directory: str
    options: dict[str, Given]


class Tell(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """What the kernel says without being asked."""


class Announce(Tell, frozen=True, kw_only=True, tag="announce"):
    """The extension was loaded: a front end may say hello."""

    version: int


class Bye(Tell, frozen=True, kw_only=True, tag="bye"):
    """The extension was unloaded: the comm answers no more."""


class Change(Tell, frozen=True, kw_only=True, tag="change"):
    """What changed, each whole; what is left out has not changed. `running` null: no export runs.

    `more_models` counts the models that are left out of a long list.
    """

    models: list[Model] | UnsetType = UNSET
    more_models: int | UnsetType = UNSET
    checks: list[Check] | UnsetType = UNSET
    exports: list[Directory] | UnsetType = UNSET
    running: Running | UnsetType | None = UNSET


class Answer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """An answer to the request with this `id`."""

    id: str


class Welcome(Answer, frozen=True, kw_only=True, tag="welcome"):
    """The answer to hello; a Change with everything follows.

    Attributes
    ----------
    version : int
        Of the messages.
    package : str
        The version of sm_magics.
    home : str
        The kernel's home directory, which JupyterLab writes as ``~``.
    defaults : dict
        What options are where a request says nothing: `%config SavedModelMagics`.
    options : list of Option
        The options of an export that are asked for often, and the text of their help.
    """

    version: int
    package: str
    home: str
    defaults: dict[str, Given]
    options: list[Option]


class Began(Answer, frozen=True, kw_only=True, tag="began"):
    """The request waits no longer: the kernel is at it."""


class Done(Answer, frozen=True, kw_only=True, tag="done"):
    """The request is done; `text` is one sentence of how, empty where there is nothing to say."""

    text: str


class Inspected(Answer, frozen=True, kw_only=True, tag="inspected"):
    """What is in a directory."""

    directory: Directory


class Compared(Answer, frozen=True, kw_only=True, tag="compared"):
    """What differs, as text; `is_same` where nothing does."""

    is_same: bool
    text: str


class Line(Answer, frozen=True, kw_only=True, tag="line"):
    """A request as a magic's line."""

    text: str


class Failed(Answer, frozen=True, kw_only=True, tag="failed"):
    """The request failed and changed nothing; `details` is a traceback where nobody expected it.

    `id` is empty if the request could not be read so far. `reason` is ``"malformed"``,
    ``"version"``, ``"cancelled"``, ``"refused"`` (`text` says what to do instead) or ``"error"``.
    """

    reason: Reason
    text: str
    details: str = ""


Request = Hello | Watch | Leave | CheckModel | ExportModel | Inspect | Compare | Write
Said = Announce | Bye | Change | Welcome | Began | Done | Inspected | Compared | Line | Failed


class MalformedError(ValueError):
    """A message that is no request."""


def read(data: Any) -> Request:
    """Return the request that a comm's data stands for.

    Raises
    ------
    MalformedError
        If it is none; the message says where it is wrong.
    """
    try:
        if isinstance(data, dict) and data.get("kind") == "hello":
            # Another version's may say more; it is told that it is another one.
            data = {name: data[name] for name in ("kind", "id", "version") if name in data}
        request: Request = msgspec.convert(data, Request)
    except (msgspec.ValidationError, RecursionError) as error:
        raise MalformedError(str(error)) from None
    return request


def written(message: Said) -> dict[str, Any]:
    """Return a message as a comm's data: numbers, text, lists and dicts.

    Text that is no Unicode, such as a file's name can be, is spelt out: it would end the connection
    to the browser.
    """
    return dict(_sendable(msgspec.to_builtins(message)))


def _sendable(data: Any) -> Any:
    match data:
        case str():
            return data if data.isascii() else data.encode("utf-8", "backslashreplace").decode()
        case dict():
            return {_sendable(key): _sendable(value) for key, value in data.items()}
        case list():
            return [_sendable(one) for one in data]
    return data
