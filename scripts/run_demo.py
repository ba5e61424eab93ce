#!/usr/bin/env python
"""Run demo.ipynb in a real kernel, in a copy, and print what its exports printed.

    python scripts/run_demo.py [DIRECTORY]
    python scripts/run_demo.py --write

With `--write` the committed demo.ipynb gets the outputs of the run: without paths of this machine,
without what libraries log to stderr, without widgets.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from traitlets import default

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = ROOT / "demo.ipynb"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


class ThisPython(AsyncKernelManager):
    """Starts this very Python, whatever kernel is called "python3" on this machine."""

    @default("kernel_spec_manager")
    def _without_directories(self) -> KernelSpecManager:
        # What is left is the kernel that comes with ipykernel.
        return KernelSpecManager(parent=self, kernel_dirs=[])


def execute(directory: Path) -> Any:
    """Run a copy of the notebook in `directory`; the copy stays there with its outputs.

    Raises
    ------
    CellExecutionError
        If a cell fails that is not tagged ``raises-exception``.
    """
    directory.mkdir(parents=True, exist_ok=True)
    notebook = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    client = NotebookClient(
        notebook,
        kernel_manager_class=ThisPython,
        resources={"metadata": {"path": str(directory)}},
        coalesce_streams=True,
        record_timing=False,
        store_widget_state=False,
        timeout=600,
    )
    try:
        with (directory / "kernel.log").open("w") as log:  # what libraries log, besides the cells
            client.execute(stderr=log)
    finally:
        nbformat.write(notebook, directory / NOTEBOOK.name)  # type: ignore[no-untyped-call]
    return notebook


def committed(notebook: Any, directory: Path) -> Any:
    """Return the notebook as it is committed: the same wherever it ran."""
    notebook.metadata = nbformat.from_dict(METADATA)  # type: ignore[no-untyped-call]
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
        for output in cell.outputs:
            for key, text in output.get("data", {}).items():
                output.data[key] = _relative(text, directory)
            for key in ("text", "evalue", "traceback"):
                if key in output:
                    output[key] = _relative(output[key], directory)
    return notebook


def _relative(text: Any, directory: Path) -> Any:
    if isinstance(text, list):
        return [_relative(line, directory) for line in text]
    if not isinstance(text, str):
        return text
    return text.replace(f"{directory}/", "").replace(str(directory), ".")


def exports(notebook: Any) -> list[str]:
    """Return the text of each result that an export of the notebook showed."""
    shown = [
        output.data["text/plain"]
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if output.output_type == "display_data"
    ]
    return [text for text in shown if text.startswith("Exported ")]


def main() -> int:
    """Run the demo; return the exit code."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument(
        "directory", nargs="?", type=Path, default=ROOT / "build" / "demo", help="where to run it"
    )
    arguments.add_argument("--write", action="store_true", help="commit its outputs")
    given = arguments.parse_args()
    if given.write:
        with tempfile.TemporaryDirectory() as scratch:
            directory = Path(scratch).resolve()
            notebook = committed(execute(directory), directory)
        nbformat.write(notebook, NOTEBOOK)  # type: ignore[no-untyped-call]
        return 0
    directory = given.directory.resolve()
    try:
        notebook = execute(directory)
    except CellExecutionError as error:
        sys.stderr.write(f"{error}\nWhat ran until then is in {directory}.\n")
        return 1
    rule = "─" * 100
    for text in exports(notebook):
        sys.stdout.write(f"{rule}\n{text}\n")
    sys.stdout.write(
        f"{rule}\nEvery cell of demo.ipynb ran. Its copy with these outputs, and the exports:\n"
        f"  {directory}\nOpen the notebook in JupyterLab: make lab\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
