"""What a directory promises before anything is written there."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
import tensorflow as tf

import sm_magics
from sm_magics.savedmodel import outlook
from sm_magics.savedmodel.diagnostics import ExportError
from sm_magics.savedmodel.publishing.occupancy import Kind


class Module(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def serve(self, x):
        return x


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    directory = tmp_path_factory.mktemp("exports") / "model"
    sm_magics.export(Module(), directory, verify=False)
    return directory


@pytest.fixture
def standing(exported, tmp_path):
    return Path(shutil.copytree(exported, tmp_path / "standing"))


def tree(directory):
    return sorted(str(path) for path in directory.rglob("*"))


def test_nothing_stands_there(tmp_path):
    seen = outlook.look(str(tmp_path / "a" / "b"))
    assert seen.path == tmp_path / "a" / "b"
    assert (seen.kind, seen.version, seen.bytes, seen.refusal) == (Kind.NOTHING, None, 0, "")
    assert abs(seen.free - shutil.disk_usage(tmp_path).free) < 10**9
    assert seen.free > 0
    assert tree(tmp_path) == []


def test_an_export_is_in_the_way_until_it_may_be_replaced(standing):
    seen = outlook.look(str(standing))
    assert seen.kind is Kind.SAVED_MODEL
    assert seen.refusal == f"{standing} holds a SavedModel already"
    assert seen.bytes == sum(p.stat().st_size for p in standing.rglob("*") if p.is_file())
    assert outlook.look(str(standing), overwrite=True).refusal == ""


def test_a_link_is_followed(standing, tmp_path):
    (tmp_path / "link").symlink_to(standing)
    assert outlook.look(str(tmp_path / "link")).path == standing


def test_files_that_no_export_wrote_are_no_refusal(standing):
    (standing / "notes.txt").write_text("mine")
    assert outlook.look(str(standing), overwrite=True).refusal == ""


def test_the_next_version_is_the_one_that_is_written(tmp_path):
    directory = tmp_path / "versions"
    assert outlook.look(str(directory), next_version=True).version == 1
    for version in (1, 2):
        seen = outlook.look(str(directory), next_version=True)
        assert (seen.version, seen.bytes, seen.refusal) == (version, 0, "")
        result = sm_magics.export(Module(), directory, next_version=True, verify=False)
        assert result.path == seen.path == directory / str(version)
    assert outlook.look(str(directory), next_version=True).kind is Kind.VERSIONS
    assert "holds versions of a model (1, 2)" in outlook.look(str(directory)).refusal


def test_the_last_version_has_no_next(tmp_path):
    (tmp_path / str(2**63 - 1)).mkdir()
    seen = outlook.look(str(tmp_path), next_version=True)
    assert seen.version is None
    assert "is the last version that can be served" in seen.refusal


def test_a_savedmodel_holds_no_versions(standing):
    refusal = outlook.look(str(standing), next_version=True).refusal
    assert "is a SavedModel itself" in refusal


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("gs://bucket/model", "is no local directory"),
        ("", "must name a directory"),
        ("  ", "must name a directory"),
        ("/", "is a root directory"),
        ("~nobody-of-this-name/x", "no such user"),
        ("\0", "must name a directory"),
        ("\ud800", "surrogates"),
    ],
)
def test_what_names_no_local_directory(text, says):
    seen = outlook.look(text)
    assert seen.path is None
    assert says in seen.refusal


@pytest.mark.parametrize("versions", [False, True])
def test_what_can_not_be_written_is_refused_in_the_words_of_the_export(tmp_path, versions):
    (tmp_path / "file").write_text("1234")
    for path in (tmp_path / "file" / "model", tmp_path / "file", tmp_path / ("n" * 300) / "x"):
        seen = outlook.look(str(path), next_version=versions, overwrite=True)
        with pytest.raises(ExportError) as refused:
            sm_magics.export(
                Module(), path, next_version=versions, overwrite=not versions, verify=False
            )
        assert seen.refusal == refused.value.findings[0].message
        assert seen.version in (None, 1)


def test_the_size_of_a_file_is_told(tmp_path):
    (tmp_path / "file").write_text("1234")
    assert outlook.look(str(tmp_path / "file")).bytes == 4


def test_the_size_of_many_files_is_not_counted_to_the_end(tmp_path, monkeypatch):
    for number in range(6):
        (tmp_path / f"{number}").write_text("12")
    monkeypatch.setattr(outlook, "_COUNTED", 4)
    assert outlook.look(str(tmp_path)).bytes == 8


def test_a_current_directory_that_is_gone(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    seen = outlook.look("model")
    assert seen.path is None or seen.refusal
    monkeypatch.chdir(tmp_path)


def test_suggestions_begin_like_the_fragment(tmp_path, monkeypatch):
    for name in ("exports/one", "exports/.hidden", "extra", "other"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "exfile").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert outlook.suggestions("") == ["exports/", "extra/", "other/"]
    assert outlook.suggestions("ex") == ["exports/", "extra/"]
    assert outlook.suggestions("exports/") == ["exports/one/"]
    assert outlook.suggestions("exports/.") == ["exports/.hidden/"]
    assert outlook.suggestions(f"{tmp_path}/o") == [f"{tmp_path}/other/"]
    assert outlook.suggestions("~/o") == ["~/other/"]
    assert outlook.suggestions("~") == ["~/"]
    assert outlook.suggestions("~nobody-of-this-name") == []
    assert outlook.suggestions("~nobody-of-this-name/x") == []
    assert outlook.suggestions("nowhere/x") == []
    assert outlook.suggestions("exfile/x") == []
    assert outlook.suggestions(os.fsdecode(b"a\0/")) == []
