#!/usr/bin/env python
"""Draw sample results in a browser, light and dark, to look at them: PNG files and the text.

    python scripts/screenshots.py OUT_DIR

Needs the extra `test` (playwright) and a Chromium on the PATH.
"""

from __future__ import annotations

import argparse
import shutil
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from sm_magics.notebook import render
from sm_magics.notebook.progress import Progress
from sm_magics.savedmodel.capture import Model
from sm_magics.savedmodel.diagnostics import Diagnostic, Severity
from sm_magics.savedmodel.inspection import File, Inspection, Loadable, MetaGraph, Variable
from sm_magics.savedmodel.result import Result
from sm_magics.savedmodel.signatures import Signature, Spec
from sm_magics.savedmodel.verify import OutputCheck, SignatureCheck, Verification

_WIDTH = 900
_BODIES = {
    "light": '<body style="background: #fff; margin: 16px" data-jp-theme-light="true">',
    "dark": '<body style="background: #111; margin: 16px" data-jp-theme-light="false">',
}
_OPS = {"Const": 61, "NoOp": 22, "Identity": 14, "ReadVariableOp": 8, "VarHandleOp": 6}
_OPS |= dict.fromkeys(["Placeholder", "MatMul", "StatefulPartitionedCall", "BiasAdd"], 4)
_OPS |= dict.fromkeys(["Relu", "Softmax", "SaveV2", "RestoreV2", "MergeV2Checkpoints", "Pack"], 1)
_SIGNATURES = (
    Signature(
        "serving_default",
        "digits",
        (Spec("pixels", "float32", (None, 64)),),
        (Spec("probabilities", "float32", (None, 10)),),
        "the model's call, with the names of its inputs and outputs",
    ),
    Signature(
        "embed",
        "digits.embed",
        (Spec("pixels", "float32", (None, 64)), Spec("temperature", "float32", ())),
        (Spec("embedding", "float32", (None, 32)), Spec("length", "float32", (None,))),
    ),
    Signature(
        "classify_text",
        "digits.classify",
        (Spec("text", "string", None),),
        (Spec("label", "string", None), Spec("score", "float32", (None,))),
    ),
)


def inspection(hidden: tuple[int, ...] = (128, 32)) -> Inspection:
    """Return what a small dense network looks like on disk."""
    sizes = [64, *hidden, 10]
    variables = []
    for layer, (before, after) in enumerate(pairwise(sizes)):
        name = f"dense_{layer}" if layer else "dense"
        for leaf, shape in (("kernel", (before, after)), ("bias", (after,))):
            count = 4 * before * after if leaf == "kernel" else 4 * after
            key = f"_layers/{layer}/{leaf}"
            variables.append(
                Variable(f"{name}/{leaf}", key, "float32", shape, count, trainable=True)
            )
    variables.append(Variable("seed", "seed", "uint32", (2,), 8, trainable=False))
    weights = sum(variable.bytes for variable in variables)
    files = (
        File("assets/vocabulary.txt", 10_231, "asset"),
        File("fingerprint.pb", 77, "fingerprint"),
        File("saved_model.pb", 121_433, "graph and signatures"),
        File("variables/variables.data-00000-of-00001", weights, "variables, shard 1 of 1"),
        File("variables/variables.index", 612, "variables, index"),
    )
    graph = MetaGraph(
        tags=("serve",),
        signatures=tuple(
            Signature(s.key, f"__inference_signature_wrapper_{i}", s.inputs, s.outputs)
            for i, s in enumerate(sorted(_SIGNATURES, key=lambda s: s.key), 1042)
        ),
        functions=(Loadable("classify", 1), Loadable("embed", 2)),
        ops=_OPS,
        devices={"/device:GPU:0": 12, "/job:worker/device:CPU:1": 1},
        versions={"tensorflow": "2.21.0", "producer": "2501", "min_consumer": "12"},
    )
    fingerprint = {"saved_model_checksum": "5512847283847272", "checkpoint_hash": "83477263411"}
    path = Path("/home/ada/exports/digits")
    return Inspection(path, files, tuple(variables), fingerprint, (graph,))


def findings() -> list[Diagnostic]:
    """Return a finding of each severity."""
    return [
        Diagnostic(
            code="SM201",
            severity=Severity.ERROR,
            message="no signature would be written: a server could not call this model",
            hint="name a function: -s 'serving_default=model.serve(x: float32[None, 64])'",
            cell=3,
            line=7,
        ),
        Diagnostic(
            code="SM301",
            severity=Severity.WARNING,
            message="12 nodes are pinned to /GPU:0; a machine without a GPU can't run them",
            hint="move the `with tf.device(...)` out of the function, or --target gpu",
            function="digits.embed",
            cell=5,
            line=2,
            count=12,
        ),
        Diagnostic(
            code="SM405",
            severity=Severity.INFO,
            message="the random seed is a variable, so two calls give two results",
        ),
    ]


def result(*, trouble: bool = False) -> Result:
    """Return an export; with `trouble` one that is only partly verified."""
    checks = (
        SignatureCheck(
            "serving_default",
            "equal",
            (
                OutputCheck(
                    "probabilities", "float32", equal=True, max_abs=1.19e-07, max_rel=3.2e-06
                ),
            ),
        ),
        SignatureCheck(
            "embed",
            "equal",
            (
                OutputCheck("embedding", "float32", equal=True, max_abs=0.0, max_rel=0.0),
                OutputCheck("length", "float32", equal=True, max_abs=2.4e-07, max_rel=1e-07),
            ),
            note="variable `seed` was put back",
        ),
        SignatureCheck(
            "classify_text",
            "equal",
            (OutputCheck("label", "string", equal=True, max_abs=0.0, max_rel=0.0),),
        ),
    )
    if trouble:
        checks = (
            checks[0],
            SignatureCheck("embed", "shapes", reason="it draws random numbers"),
            SignatureCheck("classify_text", "not verified", reason="the sample was rejected: rank"),
        )
    seen = inspection()
    return Result(
        path=seen.path,
        findings=tuple(findings()[1:]) if trouble else (),
        inspection=seen,
        bytes=sum(file.bytes for file in seen.files),
        seconds={"check": 0.012, "save": 1.84, "inspect": 0.009, "verify": 0.31, "publish": 0.004},
        verification=Verification("run", checks),
        signatures=_SIGNATURES,
        model="Functional, Keras 3",
        replaced=trouble,
    )


def models() -> render.Models:
    """Return a notebook's models: aliases, not built, in another object, not bound by a cell."""
    digits = Model(
        names=("digits", "models['a']"),
        kind="functional",
        framework="Keras 3",
        class_name="Functional",
        built=True,
        variables=7,
        bytes=50_824,
        functions=(),
        cell=4,
    )
    adder: dict[str, Any] = {
        "kind": "module",
        "framework": "TensorFlow",
        "built": None,
        "variables": 1,
        "bytes": 4,
    }
    draft: dict[str, Any] = {
        "kind": "sequential",
        "framework": "Keras 2",
        "built": False,
        "variables": 0,
        "bytes": 0,
    }
    large: dict[str, Any] = {
        "kind": "subclassed",
        "variables": 212,
        "bytes": 98_123_456,
        "cell": None,
    }
    return render.Models(
        [
            digits,
            replace(digits, names=("adder",), functions=("add", "encoder.embed"), cell=6, **adder),
            replace(digits, names=("draft",), cell=9, **draft),
            replace(digits, names=("trainer.model",), **large),
        ]
    )


def samples() -> dict[str, object]:
    """Return what is drawn, by the name of its picture."""
    return {
        "result": result(),
        "result-trouble": result(trouble=True),
        "inspection": inspection(),
        "inspection-deep": inspection((256,) * 40),
        "findings": render.Findings(findings(), "digits"),
        "findings-none": render.Findings([], "digits"),
        "models": models(),
        "models-none": render.Models(),
        "progress": Progress("verify", 2.31, 182_000, subject="digits"),
    }


def main() -> None:
    """Write a PNG for each sample and theme, and the text of each."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("out", type=Path)
    arguments.add_argument("--unfold", action="store_true", help="open all that is folded")
    given = arguments.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": _WIDTH, "height": 200})
        for name, sample in samples().items():
            shown = render.bundle(sample)
            (given.out / f"{name}.txt").write_text(shown["text/plain"] + "\n", "utf-8")
            for theme, body in _BODIES.items():
                page.set_content(f"<!doctype html><html>{body}{shown['text/html']}</body></html>")
                if given.unfold:
                    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = 1)")
                page.screenshot(path=given.out / f"{name}-{theme}.png", full_page=True)
        browser.close()


if __name__ == "__main__":
    main()
