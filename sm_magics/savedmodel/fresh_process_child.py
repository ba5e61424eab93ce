"""Run by `fresh_process` in a process of its own; imports TensorFlow and nothing else of ours.

Reads ``request.json`` in the folder that it is given, writes ``answer.json`` and one file a tensor.
"""

import json
import sys
from pathlib import Path
from typing import Any

import tensorflow as tf


def main(folder: Path) -> None:
    """Answer every question of the request."""
    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    loaded = tf.saved_model.load(request["directory"])
    answers = {
        question["key"]: _answer(loaded.signatures[question["key"]], question, folder, number)
        for number, question in enumerate(request["questions"])
    }
    (folder / "answer.json").write_text(json.dumps(answers), encoding="utf-8")


def _answer(signature: Any, question: dict[str, Any], folder: Path, number: int) -> dict[str, Any]:
    parameters = signature.structured_input_signature[1].items()
    by_name = {spec.name: parameter for parameter, spec in parameters}
    feeds = {
        by_name.get(name, name): tf.io.parse_tensor((folder / file).read_bytes(), dtype)
        for name, (file, dtype) in question["feeds"].items()
    }
    variables = list(signature.variables) if question["writes"] else []
    before = [variable.numpy().copy() for variable in variables]
    try:
        outputs = signature(**feeds)
    except Exception as error:  # noqa: BLE001, it is the answer
        return {"error": f"{type(error).__name__}: {error}"}
    finally:
        for variable, value in zip(variables, before, strict=True):
            variable.assign(value)
    files = {}
    for index, (name, output) in enumerate(outputs.items()):
        files[name] = [f"out-{number}-{index}", output.dtype.name]
        (folder / files[name][0]).write_bytes(tf.io.serialize_tensor(output).numpy())
    return {"outputs": files}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
