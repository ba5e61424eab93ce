"""What a person is told of options that have a catch: in the result, in help, in completion."""

from __future__ import annotations

from IPython.core.completer import CompletionContext

from sm_magics.savedmodel.options import OPTIONS

MODULE_WITH_SERVE = """
import tensorflow as tf
m = tf.Module()
m.serve = tf.function(lambda x: x, input_signature=[tf.TensorSpec([None], tf.float32, "x")])
"""


def test_debug_info_says_that_it_holds_local_paths(notebook):
    notebook.run(MODULE_WITH_SERVE)
    ran = notebook.run("%savedmodel export m out --save-debug-info")
    assert "with local file paths in debug/" in ran.shown
    assert "debug info, with local file paths" in ran.shown
    assert "local file paths" not in notebook.run("%savedmodel export m plain").shown


def test_experimental_options_are_labelled_in_help_and_completion(notebook):
    shown = " ".join(notebook.run("%savedmodel export --help").stdout.split())
    line = "%savedmodel export m out --"
    context = CompletionContext("--", line, len(line), 0, 100)
    (matcher,) = [
        one
        for one in notebook.shell.Completer.custom_matchers
        if getattr(one, "matcher_identifier", "") == "sm_magics.completion"
    ]
    labels = {one.text: one.type for one in matcher(context)["completions"]}
    for option in OPTIONS:
        assert (labels[option.flags[-1]] == "experimental") == option.experimental
        if option.experimental:
            after = shown[shown.index(f"{option.help.split()[0]} {option.help.split()[1]}") :]
            assert "; experimental" in after[: len(option.help) + 100]
