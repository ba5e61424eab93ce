"""What is shown can be read, in the light and in the dark theme."""

import pytest

LEGIBLE = 4.5
"""The least contrast of text with its ground: WCAG 2.2, 1.4.3."""

CELLS = [
    "%load_ext sm_magics",
    """\
from dataclasses import replace

import sm_magics
import tensorflow as tf
from sm_magics.notebook.progress import Progress
from sm_magics.notebook.shown import Findings
from sm_magics.savedmodel.diagnostics import Diagnostic, Severity

class Scale(tf.Module):
    def __init__(self):
        super().__init__()
        self.factor = tf.Variable([2.0])

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def scale(self, x):
        return x * self.factor

scale = Scale()""",
    """\
result = sm_magics.export(scale, "themes", overwrite=True)
result""",
    "%savedmodel export scale themes --overwrite --no-verify",
    """\
checked = result.verification
bad = [replace(check, status="differs", reason="planted") for check in checked.signatures]
replace(result, verification=replace(checked, signatures=tuple(bad)))""",
    """\
Findings([
    Diagnostic(code="SM000", severity=severity, message="of `code`", hint="a hint", cell=1, line=2)
    for severity in Severity
])""",
    'Progress("save", 1.0, 2_000, subject="scale")',
    "%savedmodel",
    "%savedmodel show themes",
]
SEEN = {
    *("sm-status-good", "sm-status-bad", "sm-status-open"),
    *("sm-error", "sm-warning", "sm-info", "sm-hint", "sm-place"),
    *("sm-quiet", "sm-digest", "sm-role", "sm-key", "sm-share", "sm-phases"),
}
"""Classes that text was looked at in: where one is renamed, the test must learn it."""

# Every visible piece of text with its contrast. The browser mixes the colours, on a canvas.
CONTRASTS = """notebook => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 1, height: 1 });
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const paint = (colour, opacity) => {
    context.globalAlpha = opacity;
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const luminance = rgb => {
    const [r, g, b] = rgb.map(v => v / 255)
      .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const look = (element, text) => {
    const chain = [];
    for (let at = element; at; at = at.parentElement) chain.unshift(getComputedStyle(at));
    paint('white', 1);
    for (const style of chain) {
      paint(style.backgroundColor, 1);
      // A bar behind a number lies behind some of it.
      const bar = /(?:rgba?|color|oklab|oklch|lab|lch)\\([^()]*\\)/.exec(style.backgroundImage);
      if (bar) paint(bar[0], 1);
    }
    const ground = paint('transparent', 1);
    const opacity = chain.reduce((product, style) => product * style.opacity, 1);
    const ink = paint(chain.at(-1).color, opacity);
    const [dark, light] = [luminance(ground), luminance(ink)].sort((a, b) => a - b);
    const classes = [];
    for (let at = element; !at.classList.contains('sm-magics'); at = at.parentElement) {
      classes.push(...at.classList);
    }
    return { text, classes, ink, ground, ratio: (light + 0.05) / (dark + 0.05) };
  };
  const found = [];
  for (const card of notebook.querySelectorAll('.jp-OutputArea-output .sm-magics')) {
    card.querySelectorAll('details').forEach(fold => { fold.open = true; });
    const walker = document.createTreeWalker(card, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const text = node.data.trim();
      if (text && node.parentElement.checkVisibility()) found.push(look(node.parentElement, text));
    }
  }
  return found;
}"""


@pytest.fixture(scope="module")
def results(module_lab):
    """A notebook that shows every kind of result and of mark."""
    notebook = module_lab.run("themes.ipynb", *CELLS)
    notebook.element.locator(".sm-magics").nth(6).wait_for()
    return notebook


@pytest.mark.parametrize(
    ("theme", "is_dark"), [("JupyterLab Dark", True), ("JupyterLab Light", False)]
)
def test_text_stands_out_from_its_ground(lab, results, theme, is_dark):
    lab.set_theme(theme)
    texts = results.element.evaluate(CONTRASTS)
    assert {name for text in texts for name in text["classes"]} >= SEEN
    assert all((max(text["ground"]) < 128) == is_dark for text in texts)
    faint = [text for text in texts if text["ratio"] < LEGIBLE]
    assert faint == []


@pytest.mark.parametrize("theme", ["JupyterLab Dark", "JupyterLab Light"])
def test_marks_have_colours_of_their_own(lab, results, theme):
    lab.set_theme(theme)
    marks = ["sm-status-good", "sm-status-bad", "sm-status-open", "sm-info", "sm-quiet", "sm-code"]
    texts = results.element.evaluate(CONTRASTS)
    inks = {
        mark: {tuple(text["ink"]) for text in texts if mark in text["classes"]} for mark in marks
    }
    assert all(len(colours) == 1 for colours in inks.values()), inks
    assert len(set.union(*inks.values())) == len(marks), inks
