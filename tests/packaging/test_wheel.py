import json
import os
import re
import runpy
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import sm_magics

ROOT = Path(__file__).resolve().parents[2]
INSTALL = "type: .venv/bin/pip install --no-deps --editable ."
SHARE = "share/jupyter/labextensions/sm-magics/"


def build(target, source, destination, environment=os.environ):
    made = subprocess.run(
        [
            sys.executable,
            "-m",
            "hatchling",
            "build",
            "--target",
            target,
            "--directory",
            destination,
        ],
        cwd=source,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    [file] = destination.iterdir()
    return file


def extension_in(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return {
            name.partition(SHARE)[2]: archive.read(name)
            for name in archive.namelist()
            if f".data/data/{SHARE}" in name
        }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build("wheel", ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def extension(wheel):
    return extension_in(wheel)


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    """Return the directory that an sdist of the checkout unpacks to."""
    place = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(build("sdist", ROOT, tmp_path_factory.mktemp("sdist"))) as archive:
        archive.extractall(place, filter="data")
    [directory] = place.iterdir()
    return directory


@pytest.fixture(scope="module")
def source_hash():
    return runpy.run_path(str(ROOT / "labextension" / "hatch_build.py"))["source_hash"]()


def test_wheel_holds_the_extension_where_jupyterlab_looks(extension, source_hash):
    manifest = json.loads(extension["package.json"])

    assert manifest["jupyterlab"]["_build"]["load"] in extension
    assert re.fullmatch(r"static/remoteEntry\.\w+\.js", manifest["jupyterlab"]["_build"]["load"])
    assert json.loads(extension["install.json"])["packageName"] == "sm_magics"
    assert extension["schemas/sm-magics/plugin.json"] == (
        (ROOT / "labextension" / "schema" / "plugin.json").read_bytes()
    )
    assert extension["source.sha256"].decode().strip() == source_hash


def test_wheel_holds_the_extension_once_and_in_its_own_version(wheel, extension):
    with zipfile.ZipFile(wheel) as archive:
        packaged = [name for name in archive.namelist() if name.startswith("sm_magics/labext")]

    assert packaged == []
    assert json.loads(extension["package.json"])["version"] == sm_magics.__version__


def test_bundle_is_small(extension):
    scripts = {name: len(content) for name, content in extension.items() if name.endswith(".js")}

    assert sum(scripts.values()) < 150_000, scripts


def test_bundle_holds_no_package_that_jupyterlab_shares(extension):
    licenses = json.loads(extension["static/third-party-licenses.json"])

    assert {package["name"] for package in licenses["packages"]} <= {
        "@codemirror/lint",
        "css-loader",
        "style-loader",
    }


def test_sdist_becomes_a_wheel_without_node(sdist, tmp_path, extension):
    nothing, destination = tmp_path / "nothing", tmp_path / "wheel"
    nothing.mkdir()
    destination.mkdir()

    wheel = build("wheel", sdist, destination, {**os.environ, "PATH": str(nothing)})

    assert extension_in(wheel) == extension


def test_sdist_holds_sources_and_no_packages_of_npm(sdist):
    assert (sdist / "labextension" / "src" / "index.ts").is_file()
    assert (sdist / "labextension" / "package-lock.json").is_file()
    assert not (sdist / "labextension" / "node_modules").exists()


def test_this_environment_has_the_extension_of_the_checkout(source_hash):
    stamp = Path(sys.prefix, SHARE, "source.sha256")

    assert stamp.is_file(), f"JupyterLab has no built extension here; {INSTALL}"
    assert stamp.read_text().strip() == source_hash, (
        f"JupyterLab would show an extension that is older than labextension/; {INSTALL}"
    )


def test_jupyterlab_finds_the_extension_enabled(tmp_path):
    listed = subprocess.run(
        [sys.executable, "-m", "jupyterlab.labextensions", "list"],
        env={**os.environ, "JUPYTER_CONFIG_DIR": str(tmp_path), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=True,
    )

    plain = re.sub(r"\x1b\[\d+m", "", listed.stdout + listed.stderr)
    [line] = [line for line in plain.splitlines() if "sm-magics" in line]
    assert line.split()[:4] == ["sm-magics", f"v{sm_magics.__version__}", "enabled", "OK"]


def test_lock_names_no_host():
    lock = json.loads((ROOT / "labextension" / "package-lock.json").read_text())
    for package in lock["packages"].values():
        package.pop("funding", None)

    assert "://" not in json.dumps(lock)
    assert not any("resolved" in package for package in lock["packages"].values())
