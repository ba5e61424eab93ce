"""Fixtures of the contract tests: an export that is reloaded and run, here and as a server does.

Every test runs twice, once for each face: `sm_magics.export` stands for the call from Python, and
then for the line of `%savedmodel export` that means the same. What can't be typed has the marker
`python_only`, with the reason.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import pytest

import sm_magics
from sm_magics.savedmodel.options import BY_NAME, OPTIONS
from sm_magics.savedmodel.signatures import functions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FACES = ("python", "magic")


def pytest_generate_tests(metafunc):
    if "face" in metafunc.fixturenames:
        once = metafunc.definition.get_closest_marker("python_only") is not None
        metafunc.parametrize("face", FACES[:1] if once else FACES, indirect=True)


@pytest.fixture(autouse=True)
def face(request, monkeypatch) -> str:
    """The face that `sm_magics.export` stands for in this test."""
    if request.param == "magic":
        typist = Typist(request.getfixturevalue("plain_shell"), monkeypatch)
        monkeypatch.setattr(sm_magics, "export", typist.export)
    return str(request.param)


@pytest.fixture(scope="session")
def plain_shell(tmp_path_factory):
    """A shell that the contract's lines are typed into, apart from the one of `notebook`."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    folder = str(tmp_path_factory.mktemp("ipython"))
    config = Config({"HistoryManager": {"enabled": False}})
    shell = InteractiveShell(config=config, ipython_dir=folder)
    shell.run_line_magic("load_ext", "sm_magics")
    return shell


class Typist:
    """Types the line of the magic that means the same as a call of `sm_magics.export`."""

    def __init__(self, shell: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        from sm_magics.savedmodel import export as engine

        self.shell = shell
        self.results: list[Any] = []
        export = engine.export

        def recorded(*args: Any, **keywords: Any) -> Any:
            self.results.append(export(*args, **keywords))
            return self.results[-1]

        monkeypatch.setattr(engine, "export", recorded)

    def export(
        self, obj: Any, export_dir: Any, signatures: Any = None, options: Any = None, **given: Any
    ) -> Any:
        """Do what `sm_magics.export` does; a `UsageError` becomes the ValueError it stands for."""
        from IPython.core.error import UsageError

        self.shell.user_ns.clear()
        self.shell.user_ns["model"] = obj
        words = ["export", "model", str(export_dir), *self._signatures(signatures, obj)]
        words += [word for option in OPTIONS for word in self._words(option, given, obj)]
        words += [
            word
            for name, value in (options or {}).items()
            for word in self._words(option_of(name), {option_of(name).name: value}, obj)
        ]
        assert not given, f"can't be typed: {given}"
        try:
            self.shell.run_line_magic("savedmodel", " ".join(map(shlex.quote, words)))
        except UsageError as error:
            raise ValueError(str(error)) from None
        return self.results[-1]

    def _signatures(self, signatures: Any, obj: Any) -> Iterator[str]:
        if signatures is None:
            return
        if isinstance(signatures, str):
            signatures = [signatures]
        if isinstance(signatures, dict):
            texts = [f"{key}={self._function(value, obj)}" for key, value in signatures.items()]
        elif isinstance(signatures, list):
            texts = signatures
        else:
            texts = [self._function(signatures, obj)]
        for text in texts:
            yield from ("-s", text)

    def _words(self, option: Any, given: dict[str, Any], obj: Any) -> Iterator[str]:
        value = given.pop(option.name, None)
        if option.name == "verify" and isinstance(value, bool):
            yield from () if value else ("--no-verify",)
        elif option.kind in ("flag", "off"):
            yield from option.flags[-1:] if value is (option.kind == "flag") else ()
        elif option.name == "sample" and value is not None:
            self.shell.user_ns["the_sample"] = value
            yield from (option.flags[-1], "the_sample")
        elif option.kind == "pairs":
            for alias, function in (value or {}).items():
                yield from (option.flags[-1], f"{alias}={self._function(function, obj)}")
        elif value is not None:
            for one in [value] if isinstance(value, str) else value:
                yield from (option.flags[-1], one)

    def _function(self, function: Any, obj: Any) -> str:
        """Return what a function is called: its path on the object, or a name of the notebook's."""
        if isinstance(function, str):
            return function
        for name, own in {} if functions.is_function(obj) else functions.own_functions(obj).items():
            if own is function:
                return name
        name = f"function_{len(self.shell.user_ns)}"
        self.shell.user_ns[name] = function
        return name


def option_of(name: str) -> Any:
    """Return the row of a field of SaveOptions, whose name may lack ``experimental_``."""
    return BY_NAME.get(name) or BY_NAME[f"experimental_{name}"]


class Exported:
    """An export with its reloaded signatures; keeps the loaded object alive."""

    def __init__(self, result: sm_magics.Result) -> None:
        import tensorflow as tf

        self.result = result
        self.path: Path = result.path
        self.loaded = tf.saved_model.load(str(result.path))
        self.signatures = self.loaded.signatures

    def names(self, key: str = "serving_default") -> tuple[list[str], list[str]]:
        """Return the names of inputs and outputs as the written SignatureDef has them."""
        (written,) = [s for s in self.result.inspection.signatures if s.key == key]
        return [spec.name for spec in written.inputs], [spec.name for spec in written.outputs]

    def run(self, key: str = "serving_default", **feeds: Any) -> dict[str, Any]:
        """Run a signature after a load."""
        import tensorflow as tf

        tensors = {name: tf.constant(value) for name, value in feeds.items()}
        return {name: out.numpy() for name, out in self.signatures[key](**tensors).items()}

    def serve(self, key: str = "serving_default", **feeds: Any) -> dict[str, Any]:
        """Load and run it with TensorFlow 1's session loader, as graph-mode servers do."""
        import tensorflow as tf

        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            graph = tf.compat.v1.saved_model.load(session, ["serve"], str(self.path))
            signature = graph.signature_def[key]
            return session.run(
                {name: tensor.name for name, tensor in signature.outputs.items()},
                {signature.inputs[name].name: value for name, value in feeds.items()},
            )


@pytest.fixture
def exported(tmp_path):
    """Export, and give back what a consumer sees."""

    def export(obj: Any, *args: Any, **keywords: Any) -> Exported:
        return Exported(
            sm_magics.export(obj, tmp_path / "export", *args, overwrite=True, **keywords)
        )

    return export
