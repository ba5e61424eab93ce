"""Run by `serving` in a process of its own: TensorFlow's C API by ctypes, and nothing else.

Reads ``request.json`` in the folder that it is given, writes ``answer.json`` and one file a tensor:
a TensorProto on either way.
"""

import ctypes
import json
import sys
from ctypes import POINTER, c_char_p, c_int, c_int64, c_size_t, c_void_p
from pathlib import Path
from typing import Any

_FLOAT, _STRING, _HANDLES = 1, 7, {20, 21}  # of DataType; handles mean nothing elsewhere
_TSTRING = 24
"""How many bytes a TF_TString takes."""

_CODES = (
    *("OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND"),
    *("ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION"),
    *("ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"),
    "UNAUTHENTICATED",
)


class _Output(ctypes.Structure):
    _fields_ = (("operation", c_void_p), ("index", c_int))


_SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "TF_NewStatus": (c_void_p, []),
    "TF_GetCode": (c_int, [c_void_p]),
    "TF_Message": (c_char_p, [c_void_p]),
    "TF_NewBufferFromString": (c_void_p, [c_char_p, c_size_t]),
    "TF_DeleteBuffer": (None, [c_void_p]),
    "TF_NewSessionOptions": (c_void_p, []),
    "TF_SetConfig": (None, [c_void_p, c_char_p, c_size_t, c_void_p]),
    "TF_NewGraph": (c_void_p, []),
    "TF_LoadSessionFromSavedModel": (
        c_void_p,
        [c_void_p, c_void_p, c_char_p, POINTER(c_char_p), c_int, c_void_p, c_void_p, c_void_p],
    ),
    "TF_DeleteSession": (None, [c_void_p, c_void_p]),
    "TF_GraphOperationByName": (c_void_p, [c_void_p, c_char_p]),
    "TF_SessionRun": (
        None,
        [
            *(c_void_p, c_void_p),
            *(POINTER(_Output), POINTER(c_void_p), c_int),
            *(POINTER(_Output), POINTER(c_void_p), c_int),
            *(c_void_p, c_int, c_void_p, c_void_p),
        ],
    ),
    "TF_AllocateTensor": (c_void_p, [c_int, POINTER(c_int64), c_int, c_size_t]),
    "TF_DeleteTensor": (None, [c_void_p]),
    "TF_TensorFromProto": (None, [c_void_p, c_void_p, c_void_p]),
    "TF_TensorType": (c_int, [c_void_p]),
    "TF_NumDims": (c_int, [c_void_p]),
    "TF_Dim": (c_int64, [c_void_p, c_int]),
    "TF_TensorData": (c_void_p, [c_void_p]),
    "TF_TensorByteSize": (c_size_t, [c_void_p]),
    "TF_StringGetDataPointer": (c_void_p, [c_void_p]),
    "TF_StringGetSize": (c_size_t, [c_void_p]),
}


class _RuntimeFailure(Exception):  # noqa: N818, it is an answer
    """What TensorFlow's runtime says, as it writes a status: the code, then the message."""


class _Runtime:
    """TensorFlow's C API: functions without their prefix, which raise what their status says."""

    def __init__(self, library: str) -> None:
        # Its symbols are its own: with RTLD_GLOBAL they get in the way of Python's OpenSSL.
        loaded = ctypes.CDLL(library, mode=ctypes.RTLD_LOCAL)
        self._functions = {}
        for name, (result, arguments) in _SIGNATURES.items():
            function = getattr(loaded, name)
            function.restype, function.argtypes = result, arguments
            self._functions[name.removeprefix("TF_")] = function
        self._status = self.call("NewStatus")

    def call(self, name: str, *arguments: Any) -> Any:
        return self._functions[name](*arguments)

    def checked(self, name: str, *arguments: Any) -> Any:
        """Call a function whose last argument is a status."""
        result = self.call(name, *arguments, self._status)
        if code := self.call("GetCode", self._status):
            said = self.call("Message", self._status).decode("utf-8", "replace")
            raise _RuntimeFailure(f"{_CODES[code] if code < len(_CODES) else code}: {said}")
        return result

    def tensor(self, proto: bytes) -> Any:
        """Return the tensor of a TensorProto."""
        tensor = self.call("AllocateTensor", _FLOAT, None, 0, ctypes.sizeof(ctypes.c_float))
        buffer = self.call("NewBufferFromString", proto, len(proto))
        self.checked("TensorFromProto", buffer, tensor)
        self.call("DeleteBuffer", buffer)
        return tensor

    def shape(self, tensor: Any) -> list[int]:
        return [self.call("Dim", tensor, n) for n in range(self.call("NumDims", tensor))]

    def proto(self, tensor: Any) -> bytes:
        """Return the TensorProto of a tensor: its fields dtype, tensor_shape, and the values."""
        dtype, shape = self.call("TensorType", tensor), self.shape(tensor)
        sizes = [_bytes_field(2, b"\x08" + _varint(size)) for size in shape]
        head = b"\x08" + _varint(dtype) + _bytes_field(2, b"".join(sizes))
        data, size = self.call("TensorData", tensor), self.call("TensorByteSize", tensor)
        if dtype != _STRING:
            return head + _bytes_field(4, ctypes.string_at(data, size) if size else b"")
        starts = range(data or 0, (data or 0) + size, _TSTRING)
        return head + b"".join(_bytes_field(8, self._string(start)) for start in starts)

    def _string(self, start: int) -> bytes:
        size = self.call("StringGetSize", start)
        return ctypes.string_at(self.call("StringGetDataPointer", start), size)


def _bytes_field(number: int, value: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    parts = bytearray()
    while value > 0x7F:  # noqa: PLR2004, seven bits a byte
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


class _Session:
    """A SavedModel that is loaded and restored."""

    def __init__(self, runtime: _Runtime, request: dict[str, Any]) -> None:
        self.runtime = runtime
        options, config = runtime.call("NewSessionOptions"), bytes.fromhex(request["config"])
        runtime.checked("SetConfig", options, config, len(config))
        tags = [tag.encode() for tag in request["tags"]]
        self.graph = runtime.call("NewGraph")
        self.session = runtime.checked(
            "LoadSessionFromSavedModel",
            *(options, None, request["directory"].encode()),
            *((c_char_p * len(tags))(*tags), len(tags), self.graph, None),
        )

    def close(self) -> None:
        self.runtime.checked("DeleteSession", self.session)

    def run(self, feeds: dict[str, bytes], fetches: list[str]) -> list[Any]:
        """Return the tensors of the names in `fetches`; `feeds` has TensorProtos by name."""
        inputs = (_Output * len(feeds))(*map(self._output, feeds))
        values = (c_void_p * len(feeds))(*map(self.runtime.tensor, feeds.values()))
        outputs = (_Output * len(fetches))(*map(self._output, fetches))
        results = (c_void_p * len(fetches))()
        self.runtime.checked(
            "SessionRun",
            *(self.session, None, inputs, values, len(feeds)),
            *(outputs, results, len(fetches), None, 0, None),
        )
        for value in values:
            self.runtime.call("DeleteTensor", value)
        return list(results)

    def _output(self, name: str) -> _Output:
        node, _, index = name.rpartition(":")
        operation = self.runtime.call("GraphOperationByName", self.graph, node.encode())
        if operation is None:
            raise _RuntimeFailure(f"NOT_FOUND: the graph has no node {node}")
        return _Output(operation, int(index))


def main(folder: Path) -> None:
    """Answer every question of the request."""
    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    try:
        runtime = _Runtime(request["library"])
    except (OSError, AttributeError) as missing:
        sys.stderr.write(f"\ncan't use TensorFlow's C library: {missing}\n")
        sys.exit(3)
    try:
        answer: dict[str, Any] = {"answers": _answers(runtime, request, folder)}
    except _RuntimeFailure as error:
        answer = {"error": str(error)}
    (folder / "answer.json").write_text(json.dumps(answer), encoding="utf-8")


def _answers(runtime: _Runtime, request: dict[str, Any], folder: Path) -> dict[str, Any]:
    session = _Session(runtime, request)
    answers = {}
    for number, question in enumerate(request["questions"]):
        answers[question["key"]] = _answer(session, request["signatures"], question, folder, number)
        if question["writes"]:  # the next question is about the checkpoint too
            session.close()
            session = _Session(runtime, request)
    return answers


def _answer(
    session: _Session,
    signatures: dict[str, Any],
    question: dict[str, Any],
    folder: Path,
    number: int,
) -> dict[str, Any]:
    signature = signatures.get(question["key"])
    if signature is None:
        return {"error": f"NOT_FOUND: there is no signature {question['key']}"}
    if strange := question["feeds"].keys() - signature["inputs"].keys():
        return {"error": f"NOT_FOUND: there is no input {', '.join(strange)}"}
    feeds = {
        # TensorFlow writes ragged and sparse inputs as plain ones, a name for each part.
        signature["inputs"][name][0]: (folder / file).read_bytes()
        for name, (file, _) in question["feeds"].items()
    }
    fetches = [tensor for parts in signature["outputs"].values() for tensor in parts]
    try:
        results = iter(session.run(feeds, fetches) if fetches else [])
        return {
            "outputs": {
                name: [
                    _written(session.runtime, folder, f"out-{number}-{index}-{part}", next(results))
                    for part in range(len(parts))
                ]
                for index, (name, parts) in enumerate(signature["outputs"].items())
            }
        }
    except _RuntimeFailure as error:
        return {"error": str(error)}


def _written(runtime: _Runtime, folder: Path, file: str, tensor: Any) -> list[Any]:
    dtype, shape = runtime.call("TensorType", tensor), runtime.shape(tensor)
    if dtype in _HANDLES:
        return ["", dtype, shape]
    (folder / file).write_bytes(runtime.proto(tensor))
    runtime.call("DeleteTensor", tensor)
    return [file, dtype, shape]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
