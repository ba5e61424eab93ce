"""`%load_ext sm_magics`: costs nothing, changes nothing twice, leaves nothing behind."""

from __future__ import annotations

import atexit
import subprocess
import sys

from IPython.core.interactiveshell import InteractiveShell

LOADED = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
{before}
shell.run_line_magic("load_ext", "sm_magics")
shell.run_cell("%savedmodel", store_history=True)
print(sorted(name for name in ("tensorflow", "keras", "tf_keras") if name in sys.modules))
{after}
"""


def run(before: str = "", after: str = "") -> str:
    code = LOADED.format(before=before, after=after)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout


def test_loading_imports_neither_tensorflow_nor_keras():
    assert run().splitlines()[-1] == "[]"


def test_loading_after_tensorflow_finds_models():
    out = run(
        before="shell.run_cell('import tensorflow as tf; m = tf.Module()', store_history=True)"
    )
    assert "m " in out


def test_loading_before_tensorflow_finds_models():
    after = (
        "shell.run_cell('import tensorflow as tf; mine = tf.Module()', store_history=True)\n"
        "shell.run_cell('%savedmodel', store_history=True)"
    )
    assert "mine" in run(after=after)


def state(shell: InteractiveShell) -> dict[str, object]:
    manager = shell.magics_manager
    return {
        "line": dict(manager.magics["line"]),
        "cell": dict(manager.magics["cell"]),
        "registry": dict(manager.registry),
        "configurables": list(shell.configurables),
        "events": {name: list(called) for name, called in shell.events.callbacks.items()},
        "matchers": list(shell.Completer.custom_matchers),
        "before": list(shell.input_transformers_cleanup),
        "after": list(shell.input_transformers_post),
        "namespace": set(shell.user_ns),
    }


def test_unloading_leaves_the_shell_as_it_was(notebook):
    shell = notebook.shell
    shell.run_line_magic("unload_ext", "sm_magics")
    before = state(shell)
    shell.run_line_magic("load_ext", "sm_magics")
    assert "savedmodel" in shell.magics_manager.magics["line"]
    assert state(shell) != before
    shell.run_line_magic("unload_ext", "sm_magics")
    assert state(shell) == before
    assert "savedmodel" not in shell.magics_manager.magics["line"]


def test_loading_twice_is_loading_once(notebook):
    from sm_magics import load_ipython_extension

    before = state(notebook.shell)
    load_ipython_extension(notebook.shell)
    assert state(notebook.shell) == before


def test_reloading_works(notebook):
    notebook.run("import tensorflow as tf\nm = tf.Module()")
    notebook.run("%reload_ext sm_magics")
    assert "m " in notebook.run("%savedmodel").stdout


def test_two_shells_do_not_share(notebook):
    other = InteractiveShell()
    try:
        from sm_magics import load_ipython_extension, unload_ipython_extension

        load_ipython_extension(other)
        unload_ipython_extension(other)
        assert "savedmodel" in notebook.shell.magics_manager.magics["line"]
        assert "savedmodel" not in other.magics_manager.magics["line"]
    finally:
        atexit.unregister(other.atexit_operations)
        other.atexit_operations()
