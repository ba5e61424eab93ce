"""From a notebook model to a SavedModel that loads, runs and serves where it is going.

``%load_ext sm_magics`` adds `%savedmodel` and `%%savedmodel`; the functions here do the same from
Python. Neither TensorFlow nor Keras is imported before it is needed.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from sm_magics.version import __version__ as __version__

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from sm_magics.api import check, code, diff, export, inspect, models, panel
    from sm_magics.savedmodel.capture import Model
    from sm_magics.savedmodel.diagnostics import Diagnostic, ExportError, Severity
    from sm_magics.savedmodel.difference import Diff
    from sm_magics.savedmodel.inspection import Inspection, InspectionError
    from sm_magics.savedmodel.result import Result
    from sm_magics.savedmodel.signatures import Signature, Spec
    from sm_magics.savedmodel.verify import Verification

__all__ = [
    "Diagnostic",
    "Diff",
    "ExportError",
    "Inspection",
    "InspectionError",
    "Model",
    "Result",
    "Severity",
    "Signature",
    "Spec",
    "Verification",
    "check",
    "code",
    "diff",
    "export",
    "inspect",
    "models",
    "panel",
]

_HOMES = {
    "check": "api",
    "code": "api",
    "diff": "api",
    "export": "api",
    "inspect": "api",
    "models": "api",
    "panel": "api",
    "Diagnostic": "savedmodel.diagnostics",
    "Diff": "savedmodel.difference",
    "ExportError": "savedmodel.diagnostics",
    "Severity": "savedmodel.diagnostics",
    "Inspection": "savedmodel.inspection",
    "InspectionError": "savedmodel.inspection",
    "Model": "savedmodel.capture",
    "Result": "savedmodel.result",
    "Signature": "savedmodel.signatures",
    "Spec": "savedmodel.signatures",
    "Verification": "savedmodel.verify",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'sm_magics' has no attribute {name!r}")
    return getattr(importlib.import_module(f"sm_magics.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(ipython: InteractiveShell) -> None:
    """Run by ``%load_ext sm_magics``."""
    from sm_magics.extension import load

    load(ipython)


def unload_ipython_extension(ipython: InteractiveShell) -> None:
    """Run by ``%unload_ext sm_magics``."""
    from sm_magics.extension import unload

    unload(ipython)
