"""Run by `battery_checks` in a fresh process: loads a SavedModel by TensorFlow alone, and reports.

``python battery_child.py DIRECTORY FOLDER VARIABLES TRAINABLE [onnx]``: FOLDER has the inputs
(``inputs.npz``) and the weights of the loss (``loss.npy``), and gets the report. One process does
all that needs a fresh one, for TensorFlow takes seconds to import.
"""

import contextlib
import io
import logging
import sys
from pathlib import Path

# Whoever loads the export may not have Keras.
sys.modules.update({"keras": None, "tf_keras": None})

import numpy as np  # noqa: E402, it comes with TensorFlow
import tensorflow as tf  # noqa: E402, Keras is taken away first


def main(directory: str, folder: str, variables: str, trainable: str, *wanted: str) -> None:
    there = Path(folder)
    feeds = dict(np.load(there / "inputs.npz"))
    loss = np.load(there / "loss.npy")
    names = {"variables": variables, "trainable": trainable}
    loaded = tf.saved_model.load(directory)
    report(loaded, feeds, loss, there / "loaded", names)
    again = str(there / "again")
    tf.saved_model.save(loaded, again, signatures=loaded.signatures)
    del loaded
    report(tf.saved_model.load(again), feeds, loss, there / "loaded again", names)
    by_session(directory, feeds, there / "session.npy")
    by_session(again, feeds, there / "session again.npy")
    (there / "shown.txt").write_text(shown(directory), encoding="utf-8")
    if "onnx" in wanted:
        to_onnx(directory, there / "model.onnx")


def report(loaded, feeds, loss, folder, names) -> None:
    """Write what signature, function, variables and gradients of a loaded object are."""
    folder.mkdir()
    fed = {name: tf.constant(value) for name, value in feeds.items()}
    (answer,) = loaded.signatures["serving_default"](**fed).values()
    np.save(folder / "signature.npy", answer)
    for name, attribute in names.items():
        listed = list(getattr(loaded, attribute))
        write(folder / name, [variable.numpy() for variable in listed])
    with tf.GradientTape() as tape:
        answer = loaded.serve(*fed.values())
        (answer,) = answer.values() if isinstance(answer, dict) else (answer,)
        total = tf.reduce_sum(answer * loss)
    np.save(folder / "function.npy", answer)
    gradients = tape.gradient(total, list(getattr(loaded, names["trainable"])))
    write(folder / "gradients", map(tf.convert_to_tensor, gradients))


def write(folder, arrays) -> None:
    folder.mkdir()
    for number, array in enumerate(arrays):
        np.save(folder / f"{number:05d}.npy", array)


def by_session(directory: str, feeds, file) -> None:
    """Write what the signature answers in a TensorFlow 1 session."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        graph = tf.compat.v1.saved_model.loader.load(session, ["serve"], directory)
        signature = graph.signature_def["serving_default"]
        (output,) = signature.outputs.values()
        fed = {signature.inputs[name].name: value for name, value in feeds.items()}
        np.save(file, session.run(output.name, fed))


def shown(directory: str) -> str:
    """Return what `saved_model_cli show --all` prints."""
    from tensorflow.python.tools import saved_model_cli

    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        saved_model_cli._show_all(directory)
    return printed.getvalue()


def to_onnx(directory: str, file: Path) -> None:
    import tf2onnx.convert

    errors = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: errors.append(record.getMessage())
    logging.getLogger("tf2onnx").addHandler(handler)
    signature = ["--tag", "serve", "--signature_def", "serving_default"]
    sys.argv = ["convert", "--saved-model", directory, *signature, "--output", str(file)]
    tf2onnx.convert.main()
    # It logs what it can't convert, and ends well.
    if errors:
        sys.exit("\n".join(errors))


if __name__ == "__main__":
    main(*sys.argv[1:])
