"""What a person typed -> a destination; SM501, SM502, SM503 before anything is written."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from rich import filesize

import sm_magics
from sm_magics.savedmodel.checks.destination import check
from sm_magics.savedmodel.publishing.destination import Destination, resolve
from sm_magics.savedmodel.publishing.sizes import decimal


@cache
def template() -> Path:
    """Return a SavedModel that TensorFlow wrote."""
    path = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, path)
    module = tf.Module()
    module.scale = tf.Variable([1.0, 2.0])
    tf.saved_model.save(module, str(path))
    return path


def saved_model(path: Path, *more: str) -> Path:
    shutil.copytree(template(), path, dirs_exist_ok=True)
    for name in more:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(name)
    return path


def codes(found):
    return [(diagnostic.code, str(diagnostic.severity)) for diagnostic in found]


def can_mount() -> bool:
    point = tempfile.mkdtemp()
    done = subprocess.run(
        ["sh", "-c", 'mount -t tmpfs tmpfs "$0" && umount "$0"', point],
        check=False,
        capture_output=True,
    )
    Path(point).rmdir()
    return done.returncode == 0


@pytest.fixture(params=["permissions", *(["mount"] if can_mount() else [])])
def read_only(request):
    """A directory with the export `model` in it, where this process can't write; and why."""
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    if request.param == "mount":
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", place], check=True)
        saved_model(place / "model")
        subprocess.run(["mount", "-o", "remount,ro", place], check=True)
        yield place, "is on a read-only filesystem"
        subprocess.run(["umount", place], check=True)
        place.rmdir()
    else:
        saved_model(place / "model")
        place.chmod(0o555)
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)  # root may write anywhere
        yield place, "may not be written to by this user"
        if user == 0:
            os.seteuid(user)
        place.chmod(0o755)
        shutil.rmtree(place)


@pytest.mark.parametrize("typed", ["model", "model/", "./model", "other/../model", "link/model"])
def test_every_spelling_of_a_directory_is_the_same_destination(typed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other").mkdir()
    (tmp_path / "link").symlink_to(tmp_path)
    assert resolve(typed) == resolve(Path(typed)) == Destination(tmp_path.resolve() / "model")


def test_home_is_expanded(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert resolve("~/model").path == tmp_path.resolve() / "model"


def test_a_link_stands_for_its_directory_even_before_that_exists(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert resolve(tmp_path / "link").path == tmp_path.resolve() / "real"


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "must name a directory"),
        ("  ", "must name a directory"),
        ("a\0b", "must name a directory"),
        ("gs://bucket/model", "gs://bucket/model is no local directory"),
        (Path("gs://bucket/model"), "gs:/bucket/model is no local directory"),
        ("s3://bucket/model", "s3://bucket/model is no local directory"),
        ("~no-such-user-here/model", "no such user"),
        ("/", "root"),
    ],
)
def test_what_names_no_local_directory_is_refused(typed, says):
    with pytest.raises(ValueError, match=says):
        resolve(typed)


@pytest.mark.parametrize("typed", [b"model", 7, None])
def test_what_is_no_path_is_a_type_error(typed):
    with pytest.raises(TypeError, match=r"str"):
        resolve(typed)


@pytest.mark.parametrize("do", [sm_magics.export, sm_magics.code])
def test_an_export_to_none_says_what_is_missing(do):
    model = tf.Module()
    model.serve = tf.function(lambda x: x, input_signature=[tf.TensorSpec([None])])
    with pytest.raises(TypeError, match=r"export_dir is None; name a directory"):
        do(model, None)


def test_a_loop_of_links_is_refused(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(ValueError, match="loop"):
        resolve(tmp_path / "a")


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_new_or_an_empty_directory_is_fine(overwrite, tmp_path):
    (tmp_path / "empty").mkdir()
    for name in ("new", "empty", "deep/er/new"):
        assert check(resolve(tmp_path / name), overwrite=overwrite) == []
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["empty"]


def test_an_older_export_stops_and_the_hint_names_both_ways_out(tmp_path):
    target = saved_model(tmp_path / "model", "assets/words.txt")
    (found,) = check(resolve(target), overwrite=False)
    assert codes([found]) == [("SM502", "error")]
    assert "--overwrite" in found.hint
    assert "--next-version" in found.hint
    assert "no export wrote" not in found.message
    assert check(resolve(target), overwrite=True) == []


def test_files_that_no_export_wrote_are_listed(tmp_path):
    target = saved_model(
        tmp_path / "model", "notes.txt", "variables/mine.csv", "assets.extra/requests"
    )
    (stopped,) = check(resolve(target), overwrite=False)
    (warned,) = check(resolve(target), overwrite=True)
    assert codes([stopped, warned]) == [("SM502", "error"), ("SM502", "warning")]
    for name in ("notes.txt", "variables/mine.csv", "assets.extra/requests"):
        assert name in stopped.message
        assert name in warned.message
    assert warned.count == 3


def test_a_long_list_of_files_is_cut_and_counted(tmp_path):
    target = saved_model(tmp_path / "model", *(f"n{i}.txt" for i in range(9)))
    (warned,) = check(resolve(target), overwrite=True)
    assert "n4.txt and 4 more" in warned.message


def a_file(path):
    path.write_text("precious")


def a_directory_of_versions(path):
    saved_model(path / "1")
    saved_model(path / "007")


def a_directory_of_other_things(path):
    path.mkdir()
    (path / "thesis.tex").write_text("precious")


def an_export_among_other_directories(path):
    saved_model(path, ".git/HEAD", "src/model.py")


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize(
    ("make", "says", "hints"),
    [
        (a_file, "not a directory", "another directory"),
        (a_directory_of_versions, "versions of a model (1, 7)", "--next-version"),
        (a_directory_of_other_things, "no SavedModel (thesis.tex)", "another directory"),
        (an_export_among_other_directories, ".git/, src/", "another directory"),
    ],
)
def test_what_is_not_just_an_export_is_never_replaced(make, says, hints, overwrite, tmp_path):
    make(tmp_path / "target")
    (found,) = check(resolve(tmp_path / "target"), overwrite=overwrite)
    assert codes([found]) == [("SM502", "error")]
    assert says in found.message
    assert hints in found.hint


def test_home_and_the_current_directory_are_never_replaced(tmp_path, monkeypatch):
    home, here = saved_model(tmp_path / "home"), saved_model(tmp_path / "here")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(here)
    for inhabited in (home, here):
        (found,) = check(resolve(inhabited), overwrite=True)
        assert codes([found]) == [("SM502", "error")]
        assert "current directory or your home" in found.message


def test_versions_go_anywhere_but_into_an_export(tmp_path):
    a_directory_of_versions(tmp_path / "versions")
    assert check(resolve(tmp_path / "versions", next_version=True)) == []
    assert check(resolve(tmp_path / "new", next_version=True)) == []
    saved_model(tmp_path / "model")
    (found,) = check(resolve(tmp_path / "model", next_version=True))
    assert codes([found]) == [("SM502", "error")]
    assert "a SavedModel itself" in found.message


@pytest.mark.parametrize("next_version", [False, True])
def test_a_parent_that_is_a_file_stops(next_version, tmp_path):
    (tmp_path / "file").write_text("precious")
    (found,) = check(resolve(tmp_path / "file" / "model", next_version=next_version))
    assert codes([found]) == [("SM501", "error")]
    assert f"{tmp_path.resolve() / 'file'} is a file" in found.message


def test_versions_in_a_file_stop(tmp_path):
    (tmp_path / "file").write_text("precious")
    assert codes(check(resolve(tmp_path / "file", next_version=True))) == [("SM501", "error")]


def test_a_name_that_is_too_long_stops(tmp_path):
    assert codes(check(resolve(tmp_path / ("n" * 300)))) == [("SM501", "error")]


def test_a_place_that_can_not_be_written_to_stops(read_only):
    place, reason = read_only
    for name in ("new", "new/deep", "model"):
        found = check(resolve(place / name), overwrite=True)
        assert codes(found) == [("SM501", "error")]
        assert found[0].message == f"{place} {reason}"
    assert codes(check(resolve(place, next_version=True))) == [("SM501", "error")]


def test_an_export_that_may_not_be_deleted_stops(tmp_path, monkeypatch):
    target = saved_model(tmp_path / "model").resolve()
    access = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode, **how: path != target and access(path, mode, **how)
    )
    (found,) = check(resolve(target), overwrite=True)
    assert codes([found]) == [("SM501", "error")]
    assert found.message == f"{target} may not be read and deleted by this user"


def test_where_a_filesystem_is_mounted_nothing_is_replaced(tmp_path, monkeypatch):
    target = (tmp_path / "empty").resolve()
    target.mkdir()
    monkeypatch.setattr(os.path, "ismount", target.__eq__)
    (found,) = check(resolve(target), overwrite=True)
    assert codes([found]) == [("SM502", "error")]
    assert f"{target}/model" in found.hint


def test_too_little_space_tells_need_and_have(tmp_path):
    free = shutil.disk_usage(tmp_path).free
    target = resolve(tmp_path / "not" / "yet")
    assert check(target, need=free // 2) == []
    (found,) = check(target, need=10**18)
    assert codes([found]) == [("SM503", "error")]
    assert "1.0 EB" in found.message
    assert str(tmp_path.resolve()) in found.message
    assert found.message.endswith(" free")
    overwriting = check(resolve(saved_model(tmp_path / "model")), overwrite=True, need=10**18)
    assert "old export is deleted only after" in overwriting[0].hint


@given(st.integers(min_value=0, max_value=10**20))
def test_sizes_look_as_those_of_the_faces(size):
    assert decimal(size) == filesize.decimal(size)
