"""What a panel looks like: in a notebook, in a saved one, in a terminal."""

from __future__ import annotations

from ipywidgets import HTML, Box, Checkbox, Combobox, Dropdown, Label, Text, Textarea

from sm_magics.notebook.panel.wiring import within

VIEW = "application/vnd.jupyter.widget-view+json"
EVIL = "<img src=x onerror=alert(1)>"


def published(ready, code):
    return [data for data, _, _ in ready.run(code).displays]


def test_a_terminal_gets_the_line_and_no_widgets(ready):
    ran = published(ready, "%savedmodel panel model out")
    assert len(ran) == 1
    assert set(ran[0]) == {"text/plain"}
    assert ran[0]["text/plain"].endswith("%savedmodel panel model out")


def test_a_kernel_has_below_the_panel_what_stays_of_it(opened, monkeypatch):
    panel = opened("model")
    sent = []
    monkeypatch.setattr(panel._slot, "_publish", lambda **said: sent.append(said))
    monkeypatch.setattr(panel._slot, "_is_live", True)  # as in a kernel
    panel._ipython_display_()
    panel.directory = "out"
    panel.export()
    view, placed, updated = sent
    assert view["data"][VIEW]["model_id"] == panel.widget.model_id
    assert [placed["update"], updated["update"]] == [False, True]
    assert placed["transient"] == updated["transient"]
    for kind in ("text/plain", "text/html"):
        assert "%savedmodel panel model" in placed["data"][kind]
        assert "%savedmodel panel model out" in updated["data"][kind]
        assert "saved_model.pb" in updated["data"][kind]
    # While the panel lives, its own style sheet hides the line.
    hidden = f".sm-instead-{panel._slot.id} {{ display: none; }}"
    assert hidden in next(iter(within(panel.widget.children[0]))).value
    assert f"sm-instead-{panel._slot.id}" in placed["data"]["text/html"]


def test_a_closed_panel_still_shows_what_stays_of_it(opened, monkeypatch):
    panel = opened("model")
    panel.close()
    sent = []
    monkeypatch.setattr(panel._slot, "_publish", lambda **said: sent.append(said))
    monkeypatch.setattr(panel._slot, "_is_live", True)
    panel._ipython_display_()
    assert [VIEW in said["data"] for said in sent] == [False]


def test_what_a_person_types_is_never_markup(opened, ready):
    ready.run(f"zoo = {{{EVIL!r}: Pair()}}")
    panel = opened(f"zoo[{EVIL!r}]")
    assert panel.model is not None
    panel.directory = EVIL
    panel.put("signatures", (f"{EVIL}=double", EVIL))
    panel.put("consumer", EVIL)
    panel.actions.check.click()
    panel.put("signatures", ("double",))
    panel.put("consumer", None)
    panel.actions.check.click()
    panel.put("sample", EVIL)
    panel.put("inputs", (EVIL,))
    values = [one.value for one in within(panel.widget) if isinstance(one, HTML)]
    assert any("&lt;img" in value for value in values)
    assert not [value for value in values if "<img" in value]


def test_every_control_has_a_visible_name(opened):
    panel = opened("pair")
    panel.put("signatures", ("double(x: float32[2])",))
    kinds = (Text, Textarea, Checkbox, Combobox, Dropdown)
    for box in [one for one in within(panel.widget) if isinstance(one, Box)]:
        named = any(isinstance(child, Label) and child.value for child in box.children)
        for child in box.children:
            assert not isinstance(child, kinds) or child.description or named


def test_the_code_is_shown_at_all_times(opened):
    panel = opened("pair")
    assert panel.code().line.endswith("%savedmodel check pair")
    panel.put("signatures", ("double",))
    panel.directory = "a dir"
    values = "".join(one.value for one in within(panel.widget) if isinstance(one, HTML))
    assert "%savedmodel export pair &#39;a dir&#39; -s double" in values or (
        "%savedmodel export pair &#34;a dir&#34; -s double" in values
    )
    assert "sm_magics.export(pair, &#34;a dir&#34;, signatures=[&#34;double&#34;])" in values


def test_an_object_without_a_name_has_a_call_and_no_line(opened, ready):
    panel = opened(ready.shell.ev("Pair()"))
    code = panel.code()
    assert code.line == ""
    assert code.call == "sm_magics.check(model_1)"
    assert "no name" in code.why
