"""Run by `fresh_process` in a process of its own; imports TensorFlow and nothing else of ours.

Reads ``request.json`` in the folder that it is given, writes ``answer.json`` and one file a tensor.
"""

import json
import sys
from pathlib import Path
from typing import Any

# TensorFlow imports Keras where it is installed; whoever serves the export may not have it.
sys.modules.update({"keras": None, "tf_keras": None})  # type: ignore[dict-item]

try:
    import tensorflow as tf
except ImportError as missing:
    sys.stderr.write(f"\ncan't import TensorFlow: {missing}\n")
    sys.exit(3)


def main(folder: Path) -> None:
    """Answer every question of the request."""
    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    try:
        # Held, or its variables are gone while its signatures run.
        loaded = tf.saved_model.load(request["directory"])
    except Exception as error:  # noqa: BLE001, it is the answer
        answer: dict[str, Any] = _failed(error)
    else:
        answer = {
            "answers": {
                question["key"]: _answer(loaded.signatures, question, folder, number)
                for number, question in enumerate(request["questions"])
            }
        }
    (folder / "answer.json").write_text(json.dumps(answer), encoding="utf-8")


def _answer(signatures: Any, question: dict[str, Any], folder: Path, number: int) -> dict[str, Any]:
    try:
        outputs = _outputs(signatures[question["key"]], question, folder)
        return {
            "outputs": {
                name: [
                    _written(folder, f"out-{number}-{index}-{part_number}", part)
                    for part_number, part in enumerate(parts)
                ]
                for index, (name, parts) in enumerate(outputs.items())
            }
        }
    except Exception as error:  # noqa: BLE001, it is the answer
        return _failed(error)


def _written(folder: Path, file: str, tensor: Any) -> list[Any]:
    dtype = tensor.dtype.name
    if dtype in {"resource", "variant"}:  # a handle, which means nothing elsewhere
        return ["", dtype, tensor.shape.as_list()]
    # Unlike `tf.io.serialize_tensor` this knows every dtype.
    proto = tf.make_tensor_proto(tensor.numpy(), tensor.dtype, tensor.shape)
    (folder / file).write_bytes(proto.SerializeToString())
    return [file, dtype, tensor.shape.as_list()]


def _outputs(signature: Any, question: dict[str, Any], folder: Path) -> dict[str, Any]:
    feeds = {
        name: tf.io.parse_tensor((folder / file).read_bytes(), dtype)
        for name, (file, dtype) in question["feeds"].items()
    }
    variables = signature.variables if question["writes"] else []
    before = [variable.read_value() for variable in variables]
    try:
        return {
            # A ragged or sparse tensor is written as its parts.
            name: tf.nest.flatten(output, expand_composites=True)
            for name, output in signature(**feeds).items()
        }
    finally:
        for variable, value in zip(variables, before, strict=True):
            variable.assign(value)


def _failed(error: Exception) -> dict[str, str]:
    return {"error": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
