"""The README's plot and its three lines, made of the tables of `docs/benchmarks.md`."""

from __future__ import annotations

import re
from pathlib import Path
from string import Template

from exporting import AGAIN, SAVE, UNVERIFIED

ROOT = Path(__file__).parents[2]
PLOT = ROOT / "docs" / "images" / "benchmarks.svg"
README = ROOT / "README.md"
START, END = "<!-- benchmarks -->", "<!-- /benchmarks -->"
ROW = re.compile(r"^\| (.+?): (.+?) \| \S+ \| (.+?) \| \S+ \| (\S+) \|$", re.MULTILINE)

SHOWN = {UNVERIFIED: "export", AGAIN: "export again, after more training"}
COLOURS = {UNVERIFIED: "#3b82c4", AGAIN: "#d9822b"}
GREY = "#808890"  # is readable on white and on black
LABELS, WIDTH, BAR, GAP, TOP = 180, 480, 14, 16, 44

SVG = Template("""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 $width $height" font-family="sans-serif"
     font-size="13" role="img" aria-label="Time of an export, tf.saved_model.save being 1">
$body
</svg>
""")


def write(page: Path) -> None:
    """Make both anew; nothing happens while the page lacks what they show."""
    text = page.read_text(encoding="utf-8")
    exports = _ratios(_section(text, "Exporting"))
    memory = _ratios(_section(text, "Peak memory of an export, above what stood there"))
    models = [model for model, ways in exports.items() if SHOWN.keys() <= ways.keys()]
    if not models:
        return
    PLOT.write_text(plot({model: exports[model] for model in models}), encoding="utf-8")
    _put_into_readme(table(models, exports, memory))


def _section(text: str, title: str) -> str:
    found = [part for part in text.split("\n## ") if part.startswith(title + "\n")]
    return found[0] if found else ""


def _ratios(section: str) -> dict[str, dict[str, float]]:
    """Return model -> way -> ratio to `tf.saved_model.save`."""
    found: dict[str, dict[str, float]] = {}
    for model, way, peer, ratio in ROW.findall(section):
        if peer == SAVE:
            found.setdefault(model, {})[way] = float(ratio)
    return found


def table(
    models: list[str],
    exports: dict[str, dict[str, float]],
    memory: dict[str, dict[str, float]],
) -> str:
    """Return the summary: three lines of ratios, a column for each model."""
    lines = [
        ("export, checks included", UNVERIFIED, exports),
        ("export again after more training", AGAIN, exports),
        ("peak memory", UNVERIFIED, memory),
    ]
    head = f"| {SAVE} = 1 | {' | '.join(models)} |\n|---|{'--:|' * len(models)}\n"
    rows = [
        [name, *(_cell(ratios.get(model, {}).get(way)) for model in models)]
        for name, way, ratios in lines
    ]
    return head + "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _cell(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.2g}"


def plot(exports: dict[str, dict[str, float]]) -> str:
    """Return bars of the ratios, with a line where `tf.saved_model.save` is."""
    longest = max(1.0, *(ways[way] for ways in exports.values() for way in SHOWN))
    scale = WIDTH / longest
    body = []
    for number, (way, name) in enumerate(SHOWN.items()):
        x = LABELS + number * 100
        body += [_box(x, 4, 12, 12, COLOURS[way]), _text(x + 18, 15, name)]
    y = TOP
    for model, ways in exports.items():
        body.append(_text(LABELS - 10, y + BAR + 4, model, "end"))
        for way in SHOWN:
            length = max(1.0, ways[way] * scale)
            body.append(_box(LABELS, y, length, BAR, COLOURS[way]))
            body.append(_text(LABELS + length + 6, y + BAR - 3, f"{ways[way]:.2g}"))
            y += BAR
        y += GAP
    one = LABELS + scale
    body.append(
        f'<line x1="{one:.0f}" x2="{one:.0f}" y1="{TOP - 6}" y2="{y - GAP + 6}" stroke="{GREY}" '
        'stroke-dasharray="4 3"/>'
    )
    body.append(_text(one, TOP - 10, "tf.saved_model.save", "middle"))
    return SVG.substitute(width=LABELS + WIDTH + 80, height=y, body="\n".join(body))


def _box(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x:.0f}" y="{y}" width="{width:.1f}" height="{height}" fill="{colour}"/>'


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" fill="{GREY}" text-anchor="{anchor}">{text}</text>'


def _put_into_readme(summary: str) -> None:
    before, _, rest = README.read_text(encoding="utf-8").partition(START)
    _, found, after = rest.partition(END)
    if not found:
        raise SystemExit(f"README.md lacks the lines {START} and {END}")
    picture = "![Time of an export, tf.saved_model.save being 1](docs/images/benchmarks.svg)"
    README.write_text(f"{before}{START}\n{summary}\n{picture}\n{END}{after}", encoding="utf-8")
