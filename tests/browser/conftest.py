"""A JupyterLab server, a Chromium and a kernel of this very environment, one of each a module."""

from __future__ import annotations

import dataclasses
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60
"""Seconds to wait for a thing to happen; a cell may import TensorFlow on a busy machine."""

LINE = """\
import tensorflow as tf

class Line(tf.Module):
    def __init__(self):
        super().__init__()
        self.slope = tf.Variable([3.0])

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def along(self, x):
        with tf.device("/GPU:0"):
            return {"y": self.slope * x}
"""

CHROMIUM = [
    "--no-sandbox",  # Chromium refuses to run as root with it, and containers do
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "completer-extension/manager": {"providerTimeout": 1000 * PATIENCE},
    # Cells that are out of sight stay in the document.
    "notebook-extension/tracker": {"windowingMode": "none"},
}
OPEN = """async ([path, kernel]) => {
  const { commands, serviceManager } = window.jupyterapp;
  // A notebook attaches to the session that its path has.
  const session = { name: path, path, type: 'notebook', kernel: { id: kernel } };
  (await serviceManager.sessions.startNew(session)).dispose();
  const panel = await commands.execute('docmanager:open', { path, factory: 'Notebook' });
  await panel.context.ready;
  await panel.sessionContext.ready;
  await panel.revealed;
  return panel;
}"""


@dataclasses.dataclass
class Server:
    """A JupyterLab server on the loopback interface."""

    url: str
    token: str
    folder: Path


class OpenNotebook:
    """A notebook that is open in JupyterLab."""

    def __init__(self, page, panel):
        self.page = page
        self.panel = panel
        self.element = page.locator(f"[id='{panel.evaluate('panel => panel.id')}']")

    def run_all(self):
        """Run the cells one after the other, as the menu does, and wait for the last."""
        self.panel.evaluate(
            """async panel => {
              window.jupyterapp.shell.activateById(panel.id);
              await window.jupyterapp.commands.execute('notebook:run-all-cells');
            }"""
        )
        self.settle()  # the command is over at the first error

    def run(self, start):
        """Run the cell whose source starts so; it may still run when this returns."""
        self.panel.evaluate(
            """(panel, index) => {
              window.jupyterapp.shell.activateById(panel.id);
              panel.content.activeCellIndex = index;
              panel.content.deselectAll();
              void window.jupyterapp.commands.execute('notebook:run-cell');
            }""",
            self.number(start),
        )

    def settle(self):
        """Wait for the cells that are running; the kernel answers this after them."""
        self.panel.evaluate(
            """async panel => {
              const { kernel } = panel.sessionContext.session;
              await kernel.info;  // a kernel that has just started is not connected yet
              while (kernel.connectionStatus !== 'connected') {
                await new Promise(resolve => setTimeout(resolve, 50));
              }
              await kernel.requestKernelInfo();
            }"""
        )

    def cells(self):
        """Return the cells as they would be saved."""
        told = self.panel.evaluate("panel => JSON.stringify(panel.content.model.toJSON().cells)")
        return [nbformat.from_dict(cell) for cell in json.loads(told)]

    def number(self, start):
        """Return where the cell is whose source starts so."""
        (found,) = [i for i, cell in enumerate(self.cells()) if cell.source.startswith(start)]
        return found

    def cell(self, start):
        """Return the element of the cell whose source starts so."""
        return self.element.locator(".jp-Cell").nth(self.number(start))

    def outputs(self, start):
        """Return the outputs of the cell whose source starts so, as they would be saved."""
        return self.cells()[self.number(start)].outputs

    def is_trusted(self):
        return self.panel.evaluate(
            """panel => [...panel.content.model.cells]
                 .every(cell => cell.type !== 'code' || cell.trusted)"""
        )

    def save(self):
        self.panel.evaluate("panel => panel.context.save()")

    def close(self):
        self.panel.evaluate("panel => panel.dispose()")


class Sidebar:
    """Our sidebar, as a person sees it."""

    def __init__(self, page):
        self.page = page
        page.evaluate("window.jupyterapp.commands.execute('sm-magics:show')")
        self.element = page.locator("#sm-magics-sidebar")
        self.element.wait_for()

    def section(self, title):
        """Return the section of this title: Models, Findings, Export or Exports."""
        return self.element.locator(f"[aria-labelledby='sm-magics-{title.lower()}-heading']")

    def button(self, name):
        """Return the first button of this name; a name ends with what the button acts on."""
        return self.element.get_by_role("button", name=name, exact=True).first

    def field(self, name):
        return self.section("Export").get_by_label(name, exact=True)

    def expect(self, words):
        self.element.get_by_text(words).first.wait_for()

    def expect_state(self, word):
        self.element.locator(".sm-magics-State", has_text=word).wait_for()

    def expect_gone(self, words):
        self.element.get_by_text(words).first.wait_for(state="detached")

    def load(self):
        """Load the extension by the button that is there for it."""
        self.button("Load").click()
        self.expect_state("ready")


class Lab:
    """JupyterLab as a person sees it: a page, and a kernel for its notebooks."""

    def __init__(self, page, folder):
        self.page = page
        self.folder = folder
        self.complaints = []
        page.on("console", lambda said: said.type == "error" and self.complaints.append(said.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.kernels = []
        self.opened = []
        self.kernel = self.start_kernel()

    def start_kernel(self):
        """Start a kernel and return its id; it ends with the module."""
        started = self.page.evaluate(
            # A connection that is kept would be the one that handles the widgets' comms.
            """async () => {
              const kernel = await window.jupyterapp.serviceManager.kernels.startNew();
              const { id } = kernel;
              kernel.dispose();
              return id;
            }"""
        )
        self.kernels.append(started)
        return started

    def open(self, name, kernel=None):
        """Open a notebook that is in the server's folder, on the one kernel or another."""
        where = [name, kernel or self.kernel]
        self.opened.append(OpenNotebook(self.page, self.page.evaluate_handle(OPEN, where)))
        return self.opened[-1]

    def sidebar(self):
        return Sidebar(self.page)

    def reload(self):
        """Load the page again, as the browser's button does."""
        self.opened.clear()
        self.page.reload()
        self.page.wait_for_function("window.jupyterapp?.restored.then(() => true)")

    def run(self, name, *cells):
        """Write a notebook of these cells, open it and run it."""
        notebook = self.write(name, *cells)
        notebook.run_all()
        return notebook

    def write(self, name, *cells, kernel=None):
        """Write a notebook of these cells, and open it."""
        cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), self.folder / name)
        return self.open(name, kernel)

    def set_theme(self, name):
        """Change the theme and wait until its colours are there."""
        self.page.evaluate(
            "theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", name
        )
        self.page.wait_for_selector(f"body[data-jp-theme-name='{name}']", state="attached")

    def stop(self):
        self.page.evaluate(
            """ids => Promise.allSettled(
                 ids.map(id => window.jupyterapp.serviceManager.kernels.shutdown(id)))""",
            self.kernels,
        )


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server with settings and a kernel of its own: nothing of the person's is touched."""
    home = tmp_path_factory.mktemp("jupyter")
    folder = tmp_path_factory.mktemp("notebooks")
    for name, values in SETTINGS.items():
        path = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(values))
    kernel = home / "path" / "kernels" / "python3" / "kernel.json"
    kernel.parent.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "This environment", "language": "python"}
    kernel.write_text(json.dumps(spec))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    running = Server(f"http://127.0.0.1:{port}", secrets.token_hex(), folder)
    environment = os.environ | {
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_PATH": str(home / "path"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTER_TOKEN": running.token,
        "PYTHONPATH": str(ROOT),
    }
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={folder}",
        f"--LabApp.user_settings_dir={home / 'settings'}",
        f"--LabApp.workspaces_dir={home / 'workspaces'}",
        "--LabApp.expose_app_in_browser=True",  # window.jupyterapp
        "--JupyterNotebookApp.expose_app_in_browser=True",
        "--LabApp.extension_manager=readonly",
    ]
    log = home / "server.log"
    with log.open("w") as file:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=file, stderr=file)
    try:
        wait_for(running, process, log)
        yield running
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(server, process, log):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{server.url}/api", timeout=5):
                return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.1)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()}")


@pytest.fixture(scope="module")
def shared_lab(server):
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.fail("no 'chromium' on the PATH; type: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM)
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.set_default_timeout(PATIENCE * 1000)
        page.goto(f"{server.url}/lab?token={server.token}")
        page.wait_for_function("window.jupyterapp?.restored.then(() => true)")
        lab = Lab(page, server.folder)
        try:
            yield lab
        finally:
            lab.stop()
            browser.close()


@pytest.fixture
def lab(shared_lab):
    """JupyterLab for one test; what its fixtures and it do must not make the browser complain."""
    yield shared_lab
    complaints = shared_lab.complaints[:]
    shared_lab.complaints.clear()
    assert complaints == []
