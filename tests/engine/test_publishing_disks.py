"""Publishing to a full disk and to a place that can't be written to loses nothing."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
import tensorflow as tf

from sm_magics.savedmodel.publishing import resolve, stage


def export(target, factor, *, overwrite=False, next_version=False, size=1):
    """Export a module with a variable of so many floats."""
    module = tf.Module()
    module.factor = tf.Variable(tf.fill([size], factor))
    destination = resolve(target, next_version=next_version)
    with stage(destination, overwrite=overwrite) as staging:
        tf.saved_model.save(module, str(staging.path))
        return staging.publish()


def factor_of(path) -> float:
    loaded = tf.saved_model.load(str(path))
    return float(loaded.factor[0])


def names(directory):
    return sorted(entry.name for entry in directory.iterdir())


def can_mount() -> bool:
    point = Path(tempfile.mkdtemp())
    done = subprocess.run(
        ["sh", "-c", 'mount -t tmpfs tmpfs "$0" && umount "$0"', point],
        check=False,
        capture_output=True,
    )
    point.rmdir()
    return done.returncode == 0


@pytest.fixture(params=["file size limit", *(["small disk"] if can_mount() else [])])
def full_disk(request, tmp_path):
    """A directory that takes no export of 3 MB."""
    if request.param == "small disk":
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", tmp_path], check=True)
        yield tmp_path
        subprocess.run(["umount", tmp_path], check=True)
    else:
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, limits[1]))
        yield tmp_path
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_full_disk_loses_nothing(full_disk):
    export(full_disk / "model", 2.0)
    with pytest.raises((tf.errors.OpError, OSError)):
        export(full_disk / "model", 3.0, overwrite=True, size=750_000)
    assert factor_of(full_disk / "model") == 2.0
    assert names(full_disk) == ["model"]
    assert factor_of(export(full_disk / "model", 4.0, overwrite=True)) == 4.0


@pytest.fixture(params=["permissions", *(["mount"] if can_mount() else [])])
def read_only(request):
    """A directory that holds `model`, exported with factor 2, and where nothing can be written."""
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    user = os.geteuid()
    if request.param == "mount":
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", place], check=True)
    export(place / "model", 2.0)
    if request.param == "mount":
        subprocess.run(["mount", "-o", "remount,ro", place], check=True)
    else:
        place.chmod(0o555)
        if user == 0:
            os.seteuid(65534)  # root may write anywhere
    yield place
    os.seteuid(user)
    if request.param == "mount":
        subprocess.run(["umount", place], check=True)
    place.chmod(0o755)
    shutil.rmtree(place)


def test_a_read_only_target_loses_nothing(read_only):
    for name in ("model", "new", "new/deep"):
        with pytest.raises(OSError, match=str(read_only)):
            export(read_only / name, 3.0, overwrite=True)
    with pytest.raises(OSError, match=str(read_only)):
        export(read_only, 3.0, next_version=True)
    assert factor_of(read_only / "model") == 2.0
    assert names(read_only) == ["model"]
