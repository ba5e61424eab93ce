"""`docs/benchmarks.md`: its sections, and how new rows take the place of the old ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from interleaved import Row

KERAS_MODELS = ("ResNet50", "EfficientNetB7", "24-layer transformer", "LSTM")
MODELS = (*KERAS_MODELS, "1 GiB module", "5,000 small variables")
INTRO = """# Benchmarks

Written by `make bench`. Every line compares with a named peer, measured in turns in one run; times
are medians in milliseconds on the machine that the section names. Only the ratio (ours to the
peer's) lasts.
"""
RULE = "|---|--:|---|--:|--:|"


@dataclass(frozen=True)
class Section:
    """A section of the page.

    Attributes
    ----------
    title : str
    models : tuple of str
        What its rows begin with, where it measures the benchmark models.
    unit : str
    """

    title: str
    models: tuple[str, ...] = ()
    unit: str = "ms"


SECTIONS = {
    "loading": Section("Loading the extension, above an IPython shell alone"),
    "capture": Section("Looking for models"),
    "inspection": Section("Reading a SavedModel directory", KERAS_MODELS),
    "checks": Section("Checking placement and portability, for 10,000 nodes"),
    "export": Section("Exporting", MODELS),
    "sizes": Section("Size of an export", KERAS_MODELS, "MB"),
    "memory": Section("Peak memory of an export, above what stood there", MODELS, "MB"),
    "durable": Section("1 GiB on the disk"),
}


def put(text: str, name: str, model: str | None, rows: Sequence[Row], machine: str) -> str:
    """Return the page with the rows of a section, or those of one model of it, measured anew.

    Parameters
    ----------
    text : str
        The page as it was.
    name : str
    model : str or None
        None replaces all rows of the section.
    rows : sequence of Row
    machine : str
        When and where they were measured; it speaks for the section.
    """
    section = SECTIONS[name]
    parts = {part.partition("\n")[0]: part for part in text.split("\n## ")[1:]}
    rendered = [line(row) for row in rows]
    if model is not None:
        old = lines(parts.get(section.title, ""))
        rendered = [
            one
            for other in section.models
            for one in (rendered if other == model else _of(other, old))
        ]
    head = f"| what | {section.unit} | peer | {section.unit} | ratio |"
    parts[section.title] = "\n".join(
        [section.title, "", machine, "", head, RULE, *rendered, ""],
    )
    known = [parts[one.title] for one in SECTIONS.values() if one.title in parts]
    return "\n## ".join([INTRO, *known])


def line(row: Row) -> str:
    """Return a row as a line of a table."""
    numbers = f"{row.ours_ms:.3g} | {row.peer} | {row.peer_ms:.3g} | {row.ratio:.3g}"
    return f"| {row.name} | {numbers} |"


def lines(section: str) -> list[str]:
    """Return the lines of a section's table, without its head."""
    return section.partition(f"{RULE}\n")[2].splitlines()


def _of(model: str, old: Iterable[str]) -> list[str]:
    return [one for one in old if one.startswith(f"| {model}: ")]
