"""Two processes under MultiWorkerMirroredStrategy: the chief publishes, all return the same."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys

import pytest
import tensorflow as tf

WORKER = """
import json, os, sys
from pathlib import Path
index, ports, root = int(sys.argv[1]), sys.argv[2].split(","), Path(sys.argv[3])
os.environ["TF_CONFIG"] = json.dumps({
    "cluster": {"worker": [f"127.0.0.1:{port}" for port in ports]},
    "task": {"type": "worker", "index": index},
})
import tensorflow as tf
import sm_magics

strategy = tf.distribute.MultiWorkerMirroredStrategy()

class Scale(tf.Module):
    def __init__(self):
        super().__init__()
        self.factor = tf.Variable(3.0)

    @tf.function(input_signature=[tf.TensorSpec([None], name="x")])
    def serve(self, x):
        return {"y": x * self.factor}

with strategy.scope():
    model = Scale()

def told(name, *args, **keywords):
    try:
        result = sm_magics.export(model, *args, **keywords)
        said = {
            "path": str(result.path),
            "uuid": result.inspection.fingerprint["uuid"],
            "status": result.verification.signatures[0].status,
            "findings": [found.code for found in result.findings],
        }
    except Exception as error:
        said = {"error": type(error).__name__}
    print(name, json.dumps(said), flush=True)

told("PLAIN", root / "plain")
told("FIRST", root / "versions", next_version=True)
told("SECOND", root / "versions", next_version=True)
told("TAKEN", root / "plain")
told("UNKNOWN", root / "other", "no_such_function")
told("OVER", root / "plain", overwrite=True)
"""


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [str(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports


@pytest.fixture(scope="module")
def workers(tmp_path_factory):
    """What each of two workers said, and the folder that both wrote to."""
    folder = tmp_path_factory.mktemp("workers")
    script, root = folder / "worker.py", folder / "exports"
    script.write_text(WORKER)
    ports = ",".join(free_ports(2))
    running = [
        subprocess.Popen(
            [sys.executable, str(script), str(index), ports, str(root)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "2"},
        )
        for index in range(2)
    ]
    said = []
    try:
        for process in running:
            out, errors = process.communicate(timeout=240)
            assert process.returncode == 0, errors
            lines = (line.partition(" ") for line in out.splitlines() if line[:1].isupper())
            said.append({name: json.loads(rest) for name, _, rest in lines})
    finally:
        for process in running:
            process.kill()
    return root, said


def test_everyone_returns_the_same_result(workers):
    root, (chief, other) = workers
    for name, path in [("PLAIN", "plain"), ("FIRST", "versions/1"), ("SECOND", "versions/2")]:
        assert chief[name] == other[name]
        assert chief[name]["path"] == str(root / path)
        assert (chief[name]["status"], chief[name]["findings"]) == ("equal", [])


def test_one_directory_is_published_and_nothing_else_is_left(workers):
    root, _ = workers
    assert sorted(path.name for path in root.iterdir()) == ["plain", "versions"]
    assert sorted(path.name for path in (root / "versions").iterdir()) == ["1", "2"]


def test_what_was_published_is_the_last_one_and_runs(workers):
    root, (chief, other) = workers
    assert chief["OVER"] == other["OVER"]
    assert chief["OVER"]["uuid"] != chief["PLAIN"]["uuid"]
    loaded = tf.saved_model.load(str(root / "plain"))
    answer = loaded.signatures["serving_default"](x=tf.constant([2.0]))["y"]
    assert answer.numpy().tolist() == [6.0]


def test_a_refusal_of_the_chief_stops_all(workers):
    _, (chief, other) = workers
    assert chief["TAKEN"] == {"error": "ExportError"}
    assert other["TAKEN"] == {"error": "WorkersError"}


def test_what_all_refuse_is_told_to_all(workers):
    _, (chief, other) = workers
    assert chief["UNKNOWN"] == other["UNKNOWN"] == {"error": "ExportError"}
