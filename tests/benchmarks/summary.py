"""The README's table and plot, made of the tables of `docs/benchmarks.md`."""

from __future__ import annotations

import re
from string import Template
from typing import TYPE_CHECKING

from page import MODELS, SECTIONS
from ways import AGAIN, KERAS, SAVE, UNVERIFIED, verified

if TYPE_CHECKING:
    from pathlib import Path

START, END = "<!-- benchmarks -->", "<!-- /benchmarks -->"
PICTURE = "![Time of an export, tf.saved_model.save being 1](docs/images/benchmarks.svg)"
ROW = re.compile(r"^\| (.+?): (.+?) \| \S+ \| (.+?) \| \S+ \| (\S+) \|$", re.MULTILINE)
BLANK = "-"

STRUCTURAL, RUN = verified("structural"), verified("run")
TIMES = {
    UNVERIFIED: "export, checks included",
    STRUCTURAL: STRUCTURAL,
    RUN: RUN,
    AGAIN: "export again after more training",
}
# What the lines of the table say, and where: section, way, peer.
LINES = [
    *((said, ("export", way, SAVE)) for way, said in TIMES.items()),
    ("peak memory", ("memory", UNVERIFIED, SAVE)),
    *((said, ("export", way, KERAS)) for way, said in TIMES.items()),
    ("size of the directory", ("sizes", "directory", KERAS)),
]

# The bars of the plot: what each says, its colour, and where the legend has it.
BARS = {
    UNVERIFIED: ("export", "#3b82c4", 0),
    RUN: (RUN, "#4c9a5b", 90),
    AGAIN: ("export again, after more training", "#d9822b", 270),
}
GREY = "#808890"  # is readable on white and on black
LABELS, WIDTH, BAR, GAP, TOP = 180, 480, 14, 16, 44

SVG = Template("""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 $width $height" font-family="sans-serif"
     font-size="13" role="img" aria-label="Time of an export, tf.saved_model.save being 1">
$body
</svg>
""")

# Model -> section, way, peer -> ratio.
Ratios = dict[str, dict[tuple[str, str, str], float]]


def write(page: Path, readme: Path, picture: Path) -> None:
    """Make both anew; nothing happens while the page has no exports."""
    found = ratios(page.read_text(encoding="utf-8"))
    if not found:
        return
    readme.write_text(with_summary(readme.read_text(encoding="utf-8"), found), encoding="utf-8")
    picture.write_text(plot(found), encoding="utf-8")


def ratios(page: str) -> Ratios:
    """Return what the page says of each model whose export it has."""
    parts = {part.partition("\n")[0]: part for part in page.split("\n## ")}
    found: Ratios = {}
    for name in ("export", "memory", "sizes"):
        for model, way, peer, ratio in ROW.findall(parts.get(SECTIONS[name].title, "")):
            found.setdefault(model, {})[name, way, peer] = float(ratio)
    exported = {model for model, of in found.items() if any(key[0] == "export" for key in of)}
    return {model: found[model] for model in MODELS if model in exported}


def table(found: Ratios) -> str:
    """Return lines of ratios, a column for each model; blank is what was not measured."""
    head = f"| ratio | to | {' | '.join(found)} |\n|---|---|{'--:|' * len(found)}\n"
    rows = [[said, key[2], *(_cell(of.get(key)) for of in found.values())] for said, key in LINES]
    return head + "".join(f"| {' | '.join(row)} |\n" for row in rows)


def with_summary(readme: str, found: Ratios) -> str:
    """Return the README with the table and the plot between its marks.

    Raises
    ------
    SystemExit
        It lacks them.
    """
    before, _, rest = readme.partition(START)
    _, end, after = rest.partition(END)
    if not end:
        raise SystemExit(f"README.md lacks the lines {START} and {END}")
    return f"{before}{START}\n{table(found)}\n{PICTURE}\n{END}{after}"


def plot(found: Ratios) -> str:
    """Return bars of the ratios, with a line where `tf.saved_model.save` is."""
    shown = {
        model: {way: of.get(("export", way, SAVE)) for way in BARS} for model, of in found.items()
    }
    scale = WIDTH / max(1.0, *(ratio or 0 for bars in shown.values() for ratio in bars.values()))
    body = []
    for said, colour, x in BARS.values():
        body += [_box(LABELS + x, 4, 12, 12, colour), _text(LABELS + x + 18, 15, said)]
    y = TOP
    for model, bars in shown.items():
        body.append(_text(LABELS - 10, y + len(BARS) * BAR / 2 + 4, model, "end"))
        for way, ratio in bars.items():
            length = (ratio or 0) * scale
            if ratio is not None:
                body.append(_box(LABELS, y, max(1.0, length), BAR, BARS[way][1]))
            body.append(_text(LABELS + length + 6, y + BAR - 3, _cell(ratio)))
            y += BAR
        y += GAP
    one = LABELS + scale
    body.append(
        f'<line x1="{one:.0f}" x2="{one:.0f}" y1="{TOP - 6}" y2="{y - GAP + 6}" stroke="{GREY}" '
        'stroke-dasharray="4 3"/>'
    )
    body.append(_text(one, TOP - 10, "tf.saved_model.save", "middle"))
    return SVG.substitute(width=LABELS + WIDTH + 80, height=y, body="\n".join(body))


def _cell(ratio: float | None) -> str:
    return BLANK if ratio is None else f"{ratio:.2g}"


def _box(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x:.0f}" y="{y}" width="{width:.1f}" height="{height}" fill="{colour}"/>'


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" fill="{GREY}" text-anchor="{anchor}">{text}</text>'
