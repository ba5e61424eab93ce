"""SIGKILL at any instant: the destination holds a whole export, and the next one cleans up."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import tensorflow as tf

from sm_magics.savedmodel import publishing
from sm_magics.savedmodel.publishing import resolve, stage

ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": str(Path(publishing.__file__).parents[2]),
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "",
}
SEED = 20260

DIE_AT_EVERY_STEP = """
import json, os, signal, sys
from pathlib import Path
from sm_magics.savedmodel.publishing import exchange
from sm_magics.savedmodel.publishing import resolve, stage

place, means = Path(sys.argv[1]), sys.argv[2]
target = place / "model"
if means == "two renames":
    exchange._system_call = lambda: None

def export(text, upto=None):
    with stage(resolve(target), overwrite=True) as staging:
        (staging.path / "variables").mkdir()
        (staging.path / "variables" / "variables.index").write_text(text)
        (staging.path / "saved_model.pb").write_text(text)
        staging.publish()

def state():
    files = ("saved_model.pb", "variables/variables.index")
    if not target.exists():
        return "missing"
    return "+".join(sorted({(target / f).read_text() if (target / f).exists() else "?"
                            for f in files}))

def die_at(step):
    left = step
    def count(event, arguments):
        nonlocal left
        if event.split(".")[0] in ("os", "open", "shutil", "fcntl"):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(count)

export("old")
report = []
for step in range(1, 10_000):
    child = os.fork()
    if child == 0:
        die_at(step)
        export("new")
        os._exit(0)
    _, status = os.waitpid(child, 0)
    killed = state()
    with stage(resolve(target), overwrite=True) as staging:
        staging.path
    recovered = state()
    export("old")
    report.append((killed, recovered, sorted(os.listdir(place))))
    if status == 0:
        break
print(json.dumps(report))
"""


@pytest.mark.parametrize("means", ["exchange", "two renames"])
def test_killed_at_every_step(means, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", DIE_AT_EVERY_STEP, tmp_path, means],
        env=ENVIRONMENT,
        check=True,
        capture_output=True,
        text=True,
    )
    *killed, _finished = json.loads(done.stdout)
    assert len(killed) > 30
    assert {recovered for _, recovered, _ in killed} == {"old", "new"}
    assert all(names == ["model"] for _, _, names in killed)
    seen = {"old", "new"} if means == "exchange" else {"old", "new", "missing"}
    assert {state for state, _, _ in killed} == seen


class Scale(tf.Module):
    """Its graph and its variable tell which export they are from: 2 and 20, or 3 and 30."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = tf.Variable(factor)
        self.constant = factor * 10

    @tf.function(input_signature=[])
    def __call__(self):
        return {"weight": self.factor, "graph": tf.constant(self.constant)}


def outcome(path):
    loaded = tf.saved_model.load(str(path))
    answer = loaded()
    return float(answer["weight"]), float(answer["graph"])


WHOLE = {(2.0, 20.0), (3.0, 30.0)}

COPY = """
import shutil
def write(path, factor):
    shutil.copytree(f"{sources}/{factor}", path, dirs_exist_ok=True)
"""

SAVE = """
import tensorflow as tf  # imported before the fork, and it runs nothing before it

class Scale(tf.Module):
    def __init__(self, factor):
        super().__init__()
        self.factor = tf.Variable(factor)
        self.constant = factor * 10

    @tf.function(input_signature=[])
    def __call__(self):
        return {"weight": self.factor, "graph": tf.constant(self.constant)}

def write(path, factor):
    tf.saved_model.save(Scale(factor), str(path))
"""

EXPORT_AND_BE_KILLED = """
import itertools, os, random, signal, sys, time
from sm_magics.savedmodel.publishing import resolve, stage

seed, patience, sources, *targets = sys.argv[1:]

def export_forever(target, exported):
    for factor in itertools.cycle((3.0, 2.0)):
        with stage(resolve(target), overwrite=True) as staging:
            write(staging.path, factor)
            staging.publish()
        os.write(exported, b"!")

dice = random.Random(int(seed))
for target in targets:
    exported, tell = os.pipe()
    child = os.fork()
    if child == 0:
        export_forever(target, tell)
    os.read(exported, 1)
    time.sleep(dice.uniform(0, float(patience)))
    os.kill(child, signal.SIGKILL)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
"""


def export_once_more(target, source):
    with stage(resolve(target), overwrite=True) as staging:
        shutil.copytree(source, staging.path, dirs_exist_ok=True)
        staging.publish()
    assert [entry.name for entry in target.parent.iterdir()] == [target.name]


@pytest.mark.parametrize(
    ("writer", "kills", "patience"), [(COPY, 45, 0.03), (SAVE, 6, 0.3)], ids=["copy", "save"]
)
def test_killed_at_random_instants_while_overwriting_a_model(writer, kills, patience, tmp_path):
    for factor in (2.0, 3.0):
        tf.saved_model.save(Scale(factor), str(tmp_path / str(factor)))
    code = writer + EXPORT_AND_BE_KILLED
    targets = [tmp_path / f"place{number}" / "model" for number in range(kills)]
    subprocess.run(
        [sys.executable, "-c", code, str(SEED), str(patience), tmp_path, *targets],
        env=ENVIRONMENT,
        check=True,
    )
    left_behind = [target for target in targets if len(list(target.parent.iterdir())) > 1]
    assert len(left_behind) > kills // 3  # else the kills missed the exports
    for target in targets:
        assert outcome(target) in WHOLE
        export_once_more(target, tmp_path / "2.0")
        assert outcome(target) == (2.0, 20.0)


ALLOCATE = """
import sys
from sm_magics.savedmodel.publishing import resolve, stage
versions, who, count = sys.argv[1:]
sys.stdin.read()
for number in range(int(count)):
    with stage(resolve(versions, next_version=True)) as staging:
        (staging.path / "saved_model.pb").write_text(f"{who}.{number}")
        print(staging.publish().name, f"{who}.{number}")
"""


def test_four_processes_allocate_versions_at_once(tmp_path):
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", ALLOCATE, tmp_path / "versions", str(who), "15"],
            env=ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for who in range(4)
    ]
    time.sleep(0.5)  # all have imported what they need, and wait for their input to end
    for process in processes:
        process.stdin.close()
    allocated = {}
    for process in processes:
        for line in process.stdout:
            version, text = line.split()
            assert version not in allocated
            allocated[version] = text
        assert process.wait() == 0
    assert sorted(map(int, allocated)) == list(range(1, 61))
    found = {
        entry.name: (entry / "saved_model.pb").read_text()
        for entry in (tmp_path / "versions").iterdir()
    }
    assert found == allocated


OVERWRITE = """
import sys
from sm_magics.savedmodel.publishing import exchange
from sm_magics.savedmodel.publishing import resolve, stage
target, means = sys.argv[1:]
if means == "two renames":
    exchange._system_call = lambda: None
for number in range(25):
    with stage(resolve(target), overwrite=True) as staging:
        (staging.path / "saved_model.pb").write_text("whole")
        staging.publish()
"""


@pytest.mark.parametrize("means", ["exchange", "two renames"])
def test_four_processes_overwrite_the_same_export_at_once(means, tmp_path):
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", OVERWRITE, tmp_path / "model", means],
            env=ENVIRONMENT,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    assert [process.communicate()[1] for process in processes] == [""] * 4
    assert [entry.name for entry in tmp_path.iterdir()] == ["model"]
    assert (tmp_path / "model" / "saved_model.pb").read_text() == "whole"
