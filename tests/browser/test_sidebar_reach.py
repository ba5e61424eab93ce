"""How far the sidebar reaches: any name, any theme, the keyboard, other notebooks, Notebook 7."""

import pytest

from .conftest import LINE, ROOT, OpenNotebook, Sidebar

HOSTILE = "<img src=x onerror=window.hacked=1>"
MODEL = f"{LINE}\nline = Line()"
AXE = ROOT / "labextension" / "node_modules" / "axe-core" / "axe.min.js"
# What is wrong, and how many texts were seen. Where the body has no height, as in JupyterLab, axe
# takes all that is in it for hidden.
LOOK = """async () => {
  document.body.style.height = '100vh';
  const { violations, passes } = await axe.run('#sm-magics-sidebar');
  document.body.style.height = '';
  const nodes = passes.find(({ id }) => id === 'color-contrast')?.nodes ?? [];
  const seen = nodes.filter(({ any: [{ data }] }) => data.contrastRatio > 0);
  const wrong = violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html, any }) => [id, html, any[0]?.message]));
  return [wrong, seen.length];
}"""


# What Notebook 7.6 says each time, also without the sidebar.
ALWAYS_SAID = "Cannot read properties of undefined (reading 'schema')"


@pytest.fixture
def notebook(lab):
    """Notebooks that load the extension and run these cells; each is closed at the end."""
    opened = []

    def open_notebook(name, *cells, kernel=None):
        page = lab.write(name, "%load_ext sm_magics", *cells, kernel=kernel)
        opened.append(page)
        page.run_all()
        return page

    yield open_notebook
    for one in opened:
        if one in lab.opened:  # a page that is loaded again forgets what was open
            one.close()


def ready(lab):
    """Return the sidebar, once the kernel answers it."""
    sidebar = lab.sidebar()
    sidebar.expect_state("ready")
    return sidebar


def test_a_hostile_name_is_text_everywhere(lab, notebook):
    page = notebook("hostile.ipynb", f"{LINE}\nmodels = {{{HOSTILE!r}: Line()}}", "%savedmodel")
    subject = f"models['{HOSTILE}']"
    sidebar = ready(lab)
    assert HOSTILE in sidebar.section("Models").inner_text()
    sidebar.button(f"Check {subject}").click()
    sidebar.section("Findings").get_by_text(subject).wait_for()
    page.cell("import").locator(".cm-lintRange").hover()
    tooltip = lab.page.locator(".cm-tooltip")
    tooltip.get_by_text(subject).wait_for()

    sidebar.button(f"Export {subject}").click()
    models = sidebar.section("Export").get_by_role("combobox", name="model", exact=True)
    assert models.evaluate("select => select.selectedOptions[0].text") == subject
    sidebar.field("directory").fill(HOSTILE)
    sidebar.field("directory").press("Enter")
    sidebar.expect(f"{subject}: Exported to")
    assert sidebar.section("Exports").inner_text().count(HOSTILE) >= 3  # name, path, subject
    sidebar.section("Exports").get_by_text("1 signature").click()

    (listing,) = page.outputs("%savedmodel")
    assert "&lt;img" in listing.data["text/html"]
    assert HOSTILE in page.cell("%savedmodel").inner_text()
    assert lab.page.locator("img[src=x], #sm-magics-sidebar img, .cm-tooltip img").count() == 0
    assert lab.page.evaluate("window.hacked") is None


def test_nothing_hinders_a_person_who_sees_or_hears_otherwise(lab, notebook):
    notebook("axe.ipynb", MODEL)
    sidebar = ready(lab)
    sidebar.button("Check line").click()
    sidebar.section("Findings").get_by_text("SM301").first.wait_for()
    sidebar.section("Findings").get_by_role("button", name="SM301").first.click()
    sidebar.button("Export line").click()
    sidebar.field("directory").fill("exports/axe")
    sidebar.field("directory").press("Enter")
    sidebar.expect("line: Exported to")
    lab.page.evaluate(
        """() => document.querySelectorAll('#sm-magics-sidebar details')
             .forEach(fold => { fold.open = true; })"""
    )
    lab.page.evaluate(AXE.read_text("utf-8"))
    # To axe, what is scrolled away is hidden.
    lab.page.set_viewport_size({"width": 1400, "height": 4000})
    lab.page.wait_for_function("document.querySelector('#sm-magics-sidebar').offsetHeight > 3500")
    try:
        for theme in ("JupyterLab Dark", "JupyterLab Light"):
            lab.set_theme(theme)
            # What covers the page meanwhile fades away later.
            lab.page.locator("#jupyterlab-splash").wait_for(state="detached")
            wrong, seen = lab.page.evaluate(LOOK)
            assert wrong == []
            assert seen > 80
    finally:
        lab.page.set_viewport_size({"width": 1400, "height": 1000})


def test_all_is_done_by_keys_alone(lab, notebook):
    notebook("keys.ipynb", MODEL).panel.evaluate("panel => panel.content.activate()")
    page = lab.page
    page.evaluate("window.jupyterapp.shell.collapseRight()")
    sidebar = page.locator("#sm-magics-sidebar")

    def focus(name):
        """Press Tab until a control whose name starts so has the focus; return it."""
        for _ in range(60):
            page.keyboard.press("Tab")
            held = sidebar.locator(":focus-visible")
            assert held.count() == 1
            assert held.evaluate("one => getComputedStyle(one).outlineStyle") == "solid"
            if held.text_content().startswith(name):
                return held
        pytest.fail(f"no {name!r} within 60 tabs")

    page.keyboard.press("Alt+m")
    page.keyboard.press("s")
    sidebar.locator(":focus-visible").wait_for()
    focus("Check line")
    page.keyboard.press("Enter")
    sidebar.get_by_text("SM301").first.wait_for()
    held = focus("Findings")
    page.keyboard.press("Enter")
    sidebar.get_by_text("SM301").first.wait_for(state="detached")
    assert held.get_attribute("aria-expanded") == "false"
    page.keyboard.press("Enter")
    sidebar.get_by_text("SM301").first.wait_for()

    page.evaluate("window.jupyterapp.shell.currentWidget.content.activate()")
    page.keyboard.press("Alt+m")
    page.keyboard.press("e")
    sidebar.locator("input:focus").wait_for()
    page.keyboard.type("exports/keys")
    page.keyboard.press("Enter")
    sidebar.get_by_text("line: Exported to").wait_for()
    assert (lab.folder / "exports" / "keys" / "saved_model.pb").exists()


def test_no_other_shortcut_hides_ours(lab):
    bindings = lab.page.evaluate(
        """() => window.jupyterapp.commands.keyBindings
             .filter(({ keys }) => keys[0] === 'Alt M')
             .map(({ command, keys }) => [command, keys[1] ?? ''])"""
    )
    assert sorted(bindings) == [
        ["sm-magics:check", "C"],
        ["sm-magics:export", "E"],
        ["sm-magics:open-directory", "O"],
        ["sm-magics:open-panel", "P"],
        ["sm-magics:show", "S"],
    ]


def at_line(page):
    """Return the active cell of a notebook, and the line the cursor is in."""
    return page.panel.evaluate(
        """({ content }) =>
             [content.activeCellIndex, content.activeCell.editor.getCursorPosition().line + 1]"""
    )


def activate(page):
    page.panel.evaluate("panel => window.jupyterapp.shell.activateById(panel.id)")


def test_the_sidebar_follows_the_notebook_of_another_kernel(lab, notebook):
    ours = notebook("ours.ipynb", f"{LINE}\nours = Line()")
    theirs = notebook("theirs.ipynb", f"{LINE}\ntheirs = Line()", kernel=lab.start_kernel())
    sidebar = ready(lab)
    models = sidebar.section("Models")
    for page, name, other in ((theirs, "theirs", "ours"), (ours, "ours", "theirs")):
        activate(page)
        sidebar.element.get_by_role("heading", name=f"{name}.ipynb").wait_for()
        models.get_by_role("button", name=name, exact=True).wait_for()
        assert models.get_by_role("button", name=other, exact=True).count() == 0


def test_two_notebooks_of_one_kernel_show_the_same_and_lead_to_each_other(lab, notebook):
    one = notebook("one.ipynb", f"{LINE}\none = Line()")
    two = notebook("two.ipynb", "two = Line()")
    sidebar = ready(lab)
    models = sidebar.section("Models")
    for page, name in ((one, "one"), (two, "two")):
        activate(page)
        sidebar.element.get_by_role("heading", name=f"{name}.ipynb").wait_for()
        models.get_by_role("button", name="one", exact=True).wait_for()
        models.get_by_role("button", name="two", exact=True).wait_for()
    sidebar.button("one").click()
    lab.page.wait_for_function("window.jupyterapp.shell.currentWidget.title.label === 'one.ipynb'")
    assert at_line(one) == [1, MODEL.count("\n") + 1]

    one.close()
    sidebar.element.get_by_role("heading", name="two.ipynb").wait_for()
    two.run("two =")
    two.settle()
    sidebar.button("Check two").click()
    sidebar.section("Findings").get_by_text("two", exact=True).first.wait_for()


def test_a_console_is_followed(lab, notebook):
    notebook("beside.ipynb", LINE)
    lab.page.evaluate(
        """async id => {
          const { commands } = window.jupyterapp;
          const console = await commands.execute('console:create', {
            path: '', name: 'Lines', activate: true, kernelPreference: { id },
          });
          await console.sessionContext.ready;
          window.ours = console;
        }""",
        lab.kernel,
    )
    sidebar = ready(lab)
    sidebar.element.get_by_role("heading", name="Lines").wait_for()
    lab.page.evaluate("window.ours.console.inject('typed = Line()')")
    sidebar.section("Models").get_by_role("button", name="typed", exact=True).click()
    lab.page.locator(".jp-CodeConsole .cm-focused", has_text="typed = Line()").wait_for()
    lab.page.evaluate("window.ours.dispose()")
    sidebar.element.get_by_role("heading", name="beside.ipynb").wait_for()


def test_notebook_7_has_the_sidebar_too(lab, server):
    # On the kernel that has TensorFlow, its extension unloaded: the notebook finds its session.
    lab.write("seven.ipynb", "%unload_ext sm_magics", MODEL).close()
    page = lab.page.context.browser.new_page()
    complaints = []
    page.on("console", lambda said: said.type == "error" and complaints.append(said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{server.url}/notebooks/seven.ipynb?token={server.token}")
    page.wait_for_function("window.jupyterapp?.restored.then(() => true)")
    page.wait_for_function("window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel")
    panel = OpenNotebook(page, page.evaluate_handle("window.jupyterapp.shell.currentWidget"))
    sidebar = Sidebar(page)
    panel.run("%unload_ext")
    sidebar.load()
    panel.run("import")
    sidebar.button("Check line").click()
    sidebar.section("Findings").get_by_text("SM301").first.wait_for()
    page.locator(".cm-lintRange").wait_for()
    assert {*complaints} <= {ALWAYS_SAID}
    page.close()


def test_a_folder_of_the_file_browser_is_shown_and_found_again(lab, notebook):
    notebook("places.ipynb", f"{MODEL}\ntf.saved_model.save(line, 'places/served')")
    (lab.folder / "places" / "plain").mkdir()
    page = lab.page
    page.evaluate(
        "window.jupyterapp.commands.execute('filebrowser:go-to-path', { path: 'places' })"
    )
    folders = page.locator("#filebrowser .jp-DirListing-item")
    inspect = page.locator(".lm-Menu-item", has_text="Inspect SavedModel")
    with page.expect_response("**/api/contents/places/plain?*"):
        folders.filter(has_text="plain").click(button="right")
    page.locator(".lm-Menu-item", has_text="Rename").wait_for()
    page.wait_for_timeout(200)  # the answer is there; what is made of it would be at once
    assert inspect.is_hidden()
    page.keyboard.press("Escape")
    folders.filter(has_text="served").click(button="right")
    inspect.click()
    sidebar = ready(lab)
    served = lab.folder / "places" / "served"
    shown = sidebar.section("Exports").get_by_role("listitem").filter(has_text=str(served))
    shown.get_by_text("1 signature").click()
    shown.get_by_text("x: float32[None]").wait_for()

    sidebar.button(f"Open in file browser {served}").click()
    page.locator("#filebrowser .jp-DirListing-item", has_text="saved_model.pb").wait_for()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    sidebar.button(f"Copy path {served}").click()
    sidebar.expect("on the clipboard")
    assert page.evaluate("navigator.clipboard.readText()") == str(served)


def test_the_layout_outlives_the_page(lab, notebook):
    page = notebook("layout.ipynb", f"{MODEL}\ntf.saved_model.save(line, 'layout/kept')")
    page.save()
    kept = lab.folder / "layout" / "kept"
    sidebar = ready(lab)
    field = sidebar.section("Exports").get_by_label("open a directory", exact=True)
    field.fill("layout/kept")

    def is_kept(request):
        text = request.post_data or ""
        parts = '"folded":["models"]', "layout/kept", '"current":"sm-magics-sidebar"'
        return "/api/workspaces/" in request.url and all(part in text for part in parts)

    with lab.page.expect_request_finished(is_kept):
        field.press("Enter")
        sidebar.button(f"Copy path {kept}").wait_for()
        sidebar.element.locator("#sm-magics-models-heading").click()
        sidebar.button("Check line").wait_for(state="detached")
    lab.reload()
    again = lab.page.locator("#sm-magics-sidebar")
    again.get_by_role("button", name=f"Copy path {kept}", exact=True).wait_for()
    assert again.locator("#sm-magics-models-heading").get_attribute("aria-expanded") == "false"
