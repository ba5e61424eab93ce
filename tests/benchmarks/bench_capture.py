"""What a look at the namespace costs, against the ways it is usually done."""

from __future__ import annotations

import gc
import statistics
import time
from itertools import count
from types import SimpleNamespace
from typing import TYPE_CHECKING

import keras
import tensorflow as tf
from interleaved import Row
from IPython.core.interactiveshell import InteractiveShell

from sm_magics.notebook.bindings import bound_names
from sm_magics.savedmodel import capture
from sm_magics.savedmodel.capture.lookout import Lookout

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = 10_000
ROUNDS = 21
CELL = """\
import numpy as np
from pathlib import Path

rng = np.random.default_rng(0)
x = rng.normal(size=(100, 8))
y = x.sum(axis=1)


def build(width):
    inputs = keras.Input((8,))
    hidden = keras.layers.Dense(width, activation="relu")(inputs)
    return keras.Model(inputs, keras.layers.Dense(1)(hidden))


models = {}
for width in (4, 8, 16):
    model = build(width)
    model.compile("adam", "mse")
    models[width] = model
    history = model.fit(x, y, epochs=3, verbose=0)

best = min(models, key=lambda width: models[width].evaluate(x, y))
with Path("best.txt").open("w") as handle:
    handle.write(str(best))
if best > 4:
    model = models[best]
predictions = model.predict(x)
predictions.shape
"""


def notebook(names: int = NAMES) -> dict[str, object]:
    """Return a namespace: numbers, text, containers, arrays, objects, and three models."""
    makers: list[Callable[[int], object]] = [
        lambda i: i,
        lambda i: i / 3,
        str,
        lambda i: f"text {i}",
        lambda i: [i] * 10,
        lambda i: {"a": i, "b": [i]},
        lambda i: (i, str(i)),
        lambda i: SimpleNamespace(x=i, y=[i]),
        lambda i: lambda: i,
        lambda _: tf.constant(1.0),
    ]
    namespace = {f"name_{i}": makers[i % len(makers)](i) for i in range(names - 3)}
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4)])
    module = tf.Module()
    module.v = tf.Variable([1.0])
    return {**namespace, "model": model, "alias": model, "parts": [module]}


def long_lists() -> dict[str, object]:
    """Return a namespace of 1000 lists of 1000 integers."""
    return {f"list_{i}": list(range(1000)) for i in range(1000)}


def isinstance_scan(namespace: dict[str, object]) -> list[str]:
    """Find models as most tools do: no containers, and `__class__` of each object is asked."""
    classes = (tf.Module, keras.layers.Layer, tf.train.Checkpoint)
    return [name for name, value in namespace.items() if isinstance(value, classes)]


def identity_difference(namespace: dict[str, object]) -> Callable[[], list[str]]:
    """Return what finds the names that a cell bound by comparing the namespace with before."""
    before = {name: id(value) for name, value in namespace.items()}

    def changed() -> list[str]:
        return [name for name, value in namespace.items() if before.get(name) != id(value)]

    return changed


def looking(namespace: dict[str, object]) -> Callable[[], object]:
    """Return what the sidebar does after a cell that bound two names and said one of a model."""
    lookout = Lookout()
    lookout.whole(namespace)
    counter = count()

    def after_a_cell() -> object:
        number = next(counter)
        namespace[f"new_{number}"] = number
        namespace["name_3"] = f"text {number}"
        return lookout.quick(namespace, {"model", "name_3", f"new_{number}"})

    return after_a_cell


def measure(ours: Callable[[], object], peer: Callable[[], object]) -> tuple[float, float]:
    """Return the medians in milliseconds of two functions that take turns."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for function, times in zip((ours, peer), seconds, strict=True):
            gc.collect()
            start = time.perf_counter()
            function()
            times.append(time.perf_counter() - start)
    return statistics.median(seconds[0]) * 1e3, statistics.median(seconds[1]) * 1e3


def run() -> list[Row]:
    """Return one row per comparison."""
    namespace, lists = notebook(), long_lists()
    shell = InteractiveShell.instance()
    shell.user_ns.update(namespace)
    deep = keras.applications.MobileNetV2(weights=None)
    cases: list[tuple[str, Callable[[], object], str, Callable[[], object]]] = [
        (
            "models after a cell among 10,000 names",
            looking(notebook()),
            "isinstance over the names, no containers",
            lambda: isinstance_scan(namespace),
        ),
        (
            "models among 10,000 names with containers",
            lambda: capture.find(namespace),
            "isinstance over the names, no containers",
            lambda: isinstance_scan(namespace),
        ),
        (
            "models among 10,000 names with containers",
            lambda: capture.find(namespace),
            "%who_ls",
            lambda: shell.run_line_magic("who_ls", ""),
        ),
        (
            "models in 1000 lists of 1000 integers, the first 100 of each",
            lambda: capture.find(lists),
            "isinstance over every element",
            lambda: [isinstance_scan(dict(enumerate(one))) for one in lists.values()],  # type: ignore[call-overload]
        ),
        (
            "names that a 28-line cell binds",
            lambda: bound_names(CELL),
            "comparing 10,000 names with before the cell",
            identity_difference(namespace),
        ),
        (
            "MobileNetV2: kind, variables, bytes, functions",
            lambda: capture.describe(deep),
            "model.count_params()",
            deep.count_params,
        ),
    ]
    rows = []
    for name, ours, peer, theirs in cases:
        ours_ms, peer_ms = measure(ours, theirs)
        rows.append(Row(name, ours_ms, peer, peer_ms))
    return rows


if __name__ == "__main__":
    for row in run():
        print(row)  # noqa: T201, a script
