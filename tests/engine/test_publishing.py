"""Publishing: what stands at the destination, and in its directory, afterwards."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
import tensorflow as tf

from sm_magics.savedmodel.publishing import exchange, ownership, resolve, stage


class Scale(tf.Module):
    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = tf.Variable(factor)

    @tf.function(input_signature=[tf.TensorSpec([], tf.float32)])
    def __call__(self, x):
        return x * self.factor


def export(target, factor, *, overwrite=False, next_version=False):
    destination = resolve(target, next_version=next_version)
    with stage(destination, overwrite=overwrite) as staging:
        tf.saved_model.save(Scale(factor), str(staging.path))
        return staging.publish()


def factor_of(path) -> float:
    loaded = tf.saved_model.load(str(path))
    return float(loaded(tf.constant(1.0)))


def names(directory):
    return sorted(entry.name for entry in directory.iterdir())


def write(directory: Path, text: str) -> None:
    (directory / "saved_model.pb").write_text(text)


def publish(target, *, meanwhile=lambda: None, overwrite=False):
    with stage(resolve(target), overwrite=overwrite) as staging:
        write(staging.path, "new")
        meanwhile()
        staging.publish()
        return staging


def appear(path) -> None:
    path.mkdir(parents=True)
    (path / "precious").write_text("here first")


@pytest.fixture(params=["exchange", "two renames"])
def means(request, monkeypatch):
    """With the system's atomic renames, and without."""
    if request.param == "two renames":
        monkeypatch.setattr(exchange, "_system_call", lambda: None)
    return request.param


@pytest.mark.usefixtures("means")
class TestAnyMeans:
    def test_a_new_directory(self, tmp_path):
        path = export(tmp_path / "a" / "b" / "model", 2.0)
        assert path == tmp_path.resolve() / "a" / "b" / "model"
        assert factor_of(path) == 2.0
        assert names(path.parent) == ["model"]

    def test_an_empty_directory_is_used(self, tmp_path):
        (tmp_path / "model").mkdir()
        assert factor_of(export(tmp_path / "model", 2.0)) == 2.0
        assert names(tmp_path) == ["model"]

    def test_an_overwritten_one_is_replaced_whole(self, tmp_path):
        export(tmp_path / "model", 2.0)
        (tmp_path / "model" / "assets" / "stale.txt").write_text("of the old one")
        assert factor_of(export(tmp_path / "model", 3.0, overwrite=True)) == 3.0
        assert not (tmp_path / "model" / "assets" / "stale.txt").exists()
        assert names(tmp_path) == ["model"]

    def test_the_directory_is_replaced_and_the_link_stays(self, tmp_path):
        export(tmp_path / "real", 2.0)
        (tmp_path / "link").symlink_to("real")
        export(tmp_path / "link", 3.0, overwrite=True)
        assert (tmp_path / "link").is_symlink()
        assert factor_of(tmp_path / "real") == 3.0
        assert names(tmp_path) == ["link", "real"]

    @pytest.mark.parametrize("overwrite", [False, True])
    def test_what_appeared_meanwhile_is_not_lost(self, overwrite, tmp_path):
        target = tmp_path / "target"
        with pytest.raises(FileExistsError, match="target"):
            publish(target, meanwhile=lambda: appear(target), overwrite=overwrite)
        assert (tmp_path / "target" / "precious").read_text() == "here first"
        assert names(tmp_path) == ["target"]

    def test_what_appears_at_the_last_instant_is_not_lost(self, tmp_path, monkeypatch):
        system_call = exchange._renameat2

        def late(source, target, flags):
            appear(target)
            return system_call(source, target, flags)

        monkeypatch.setattr(exchange, "_renameat2", late)
        with pytest.raises(FileExistsError):
            publish(tmp_path / "target")
        assert (tmp_path / "target" / "precious").read_text() == "here first"
        assert names(tmp_path) == ["target"]

    def test_an_older_export_is_not_replaced_unasked(self, tmp_path):
        export(tmp_path / "model", 2.0)
        with pytest.raises(FileExistsError, match="holds a SavedModel"):
            export(tmp_path / "model", 3.0)
        assert factor_of(tmp_path / "model") == 2.0
        assert names(tmp_path) == ["model"]

    def test_versions_count_up_from_what_a_server_would_read(self, tmp_path):
        versions = tmp_path / "versions"
        assert export(versions, 1.0, next_version=True).name == "1"
        assert export(versions, 2.0, next_version=True).name == "2"
        (versions / "0007").mkdir()
        for ignored in ("9x", "-12", "1_000", "v30", ".40", "99999999999999999999"):
            (versions / ignored).mkdir()
        assert factor_of(export(versions, 8.0, next_version=True)) == 8.0
        assert (versions / "8").is_dir()
        assert [name for name in names(versions) if name.startswith(".")] == [".40"]


def test_whether_something_was_replaced_is_known(tmp_path):
    for replaced in (False, True):
        assert publish(tmp_path / "model", overwrite=True).replaced is replaced


def test_leaving_without_publishing_leaves_nothing(tmp_path):
    with stage(resolve(tmp_path / "made" / "for" / "model")) as staging:
        write(staging.path, "never asked for")
        assert staging.path.is_dir()
    assert names(tmp_path) == []


def test_an_error_leaves_nothing_but_parents_that_others_use(tmp_path):
    def fail():
        appear(tmp_path / "made" / "by others")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        publish(tmp_path / "made" / "for" / "model", meanwhile=fail)
    assert names(tmp_path) == ["made"]
    assert names(tmp_path / "made") == ["by others"]


def test_an_empty_staging_is_not_published(tmp_path):
    with pytest.raises(FileNotFoundError), stage(resolve(tmp_path / "model")) as staging:
        staging.publish()
    assert names(tmp_path) == []


def test_a_second_publish_is_an_error_and_the_first_stands(tmp_path):
    staging = publish(tmp_path / "model")
    with pytest.raises(RuntimeError):
        staging.publish()
    assert names(tmp_path) == ["model"]


def test_a_version_can_not_overwrite(tmp_path):
    with pytest.raises(ValueError, match="always new"):
        stage(resolve(tmp_path, next_version=True), overwrite=True)


def test_the_longest_name_that_a_directory_can_have(tmp_path):
    target = tmp_path / ("n" * 255)
    for factor in (2.0, 3.0):
        assert factor_of(export(target, factor, overwrite=True)) == factor
    assert names(tmp_path) == [target.name]


def test_a_live_staging_is_left_alone_and_both_publish(tmp_path):
    target = resolve(tmp_path / "model")
    with stage(target, overwrite=True) as slow:
        write(slow.path, "slow")
        with stage(target, overwrite=True) as fast:
            write(fast.path, "fast")
            fast.publish()
        assert (tmp_path / "model" / "saved_model.pb").read_text() == "fast"
        slow.publish()
    assert (tmp_path / "model" / "saved_model.pb").read_text() == "slow"
    assert names(tmp_path) == ["model"]


def test_leftovers_are_removed_even_if_another_export_was_just_publishing(tmp_path):
    target = resolve(tmp_path / "model")
    (tmp_path / ".model.0123abcd.partial").mkdir()
    (tmp_path / ".model.0123abcd.lock").touch()
    gate = ownership.gate(target)
    with stage(target) as staging:
        with gate:
            write(staging.path, "x")
        staging.publish()
    assert names(tmp_path) == ["model"]


def test_an_old_one_that_can_not_be_deleted_is_told_and_goes_next_time(tmp_path, monkeypatch):
    export(tmp_path / "model", 2.0)
    with monkeypatch.context() as stuck:
        stuck.setattr(shutil, "rmtree", _refuse)
        with pytest.warns(RuntimeWarning, match="could not be deleted and is now") as warned:
            export(tmp_path / "model", 3.0, overwrite=True)
        assert warned[0].filename == __file__
    assert factor_of(tmp_path / "model") == 3.0
    assert len(names(tmp_path)) == 2
    export(tmp_path / "model", 4.0, overwrite=True)
    assert names(tmp_path) == ["model"]


def _refuse(_path, *, ignore_errors=False):
    if not ignore_errors:
        raise PermissionError(13, "refused")


def test_every_file_and_directory_is_flushed_before_its_name_appears(tmp_path, monkeypatch):
    flushed = []
    fsync = os.fsync

    def noting(descriptor):
        at = Path(f"/proc/self/fd/{descriptor}").readlink()
        flushed.append((at, (tmp_path / "model").exists()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noting)
    path = export(tmp_path / "model", 2.0)
    before = {at for at, published in flushed if not published}
    after = {at for at, published in flushed if published}
    staged = next(at for at in before if at.name.endswith(".partial"))
    assert before == {staged, *(staged / p.relative_to(path) for p in path.rglob("*"))}
    assert after == {tmp_path.resolve()}


def test_a_disk_that_turns_read_only_before_publishing_loses_nothing(tmp_path, monkeypatch):
    export(tmp_path / "model", 2.0)
    monkeypatch.setattr(exchange, "_renameat2", _raise_read_only)
    with pytest.raises(OSError, match="Read-only"):
        export(tmp_path / "model", 3.0, overwrite=True)
    assert factor_of(tmp_path / "model") == 2.0
    assert names(tmp_path) == ["model"]


def _raise_read_only(*_):
    raise OSError(30, "Read-only file system")


def test_when_the_second_of_two_renames_fails_the_old_one_is_back(tmp_path, monkeypatch):
    export(tmp_path / "model", 2.0)
    monkeypatch.setattr(exchange, "_system_call", lambda: None)
    rename = Path.rename

    def failing(self, target):
        if self.name.endswith(".partial"):
            raise OSError(5, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OSError, match="Input/output"):
        export(tmp_path / "model", 3.0, overwrite=True)
    assert factor_of(tmp_path / "model") == 2.0
    assert names(tmp_path) == ["model"]
