"""Whose code is taken as constant: TensorFlow, Keras, NumPy, Python's own library, and ours."""

from __future__ import annotations

import functools
import sys
import sysconfig
from pathlib import PurePath
from typing import Any

from sm_magics.savedmodel.capture import static

_LIBRARIES = frozenset({"tensorflow", "keras", "tf_keras", "numpy", "ml_dtypes", "sm_magics"})

PURE = frozenset(
    {
        "__future__",
        "_functools",
        "_operator",
        "_collections",
        "abc",
        "builtins",
        "cmath",
        "collections",
        "contextlib",
        "copy",
        "dataclasses",
        "enum",
        "fractions",
        "functools",
        "itertools",
        "logging",
        "math",
        "numbers",
        "operator",
        "re",
        "string",
        "textwrap",
        "types",
        "typing",
        "warnings",
    }
)
"""Modules of Python's own whose functions give the same whenever they are called alike."""

IMPURE_BUILTINS = frozenset(
    {
        "__import__",
        "breakpoint",
        "compile",
        "delattr",
        "dir",
        "eval",
        "exec",
        "globals",
        "id",
        "input",
        "locals",
        "open",
        "vars",
    }
)
"""Builtins that read what no look at the code can tell."""

OUTSIDE = frozenset({"init_scope", "iterdir", "read_bytes", "read_text"})
"""Attributes by which a body reads files, or the values of variables while it is traced."""

BY_NAME = frozenset({"getattr", "hasattr", "setattr", "attrgetter", "methodcaller"})
"""What reads attributes whose names are strings."""

_IMPURE_CLASSES = frozenset({"datetime", "random", "uuid", "secrets", "io", "_io", "socket"})
_IMPURE_PARTS = {
    "numpy": frozenset({"random", "load", "loadtxt", "genfromtxt", "fromfile", "memmap"}),
    "tensorflow": frozenset(
        {
            "gfile",
            "py_function",
            "numpy_function",
            "get_global_generator",
            "init_scope",
            "read_file",
            "summary",
        }
    ),
    "keras": frozenset({"get_file"}),
}


@functools.cache
def folders() -> tuple[str, ...]:
    """Return where the trusted libraries lie."""
    found = [sysconfig.get_paths()["stdlib"]]
    for name in _LIBRARIES:
        file = getattr(sys.modules.get(name), "__file__", None)
        if file:
            found.append(str(PurePath(file).parent))
    return tuple(f"{folder}/" for folder in found)


_module = type.__dict__["__module__"].__get__
_HEAP = 1 << 9  # Py_TPFLAGS_HEAPTYPE
_SITES = ("/site-packages/", "/dist-packages/")


@functools.lru_cache(maxsize=4096)
def is_trusted_file(file: str) -> bool:
    """Tell whether code that was compiled from this file is a trusted library's."""
    if file.startswith("<frozen "):
        return True
    stdlib, *libraries = folders()
    if file.startswith(tuple(libraries)):
        return True
    return file.startswith(stdlib) and not any(site in file for site in _SITES)


def is_trusted_module(name: str) -> bool:
    """Tell whether a module is a trusted library's, by its name and by where it lies."""
    root = name.partition(".")[0]
    if root in sys.builtin_module_names:
        return True
    if root not in _LIBRARIES and root not in sys.stdlib_module_names:
        return False
    file = getattr(sys.modules.get(root), "__file__", None)
    # A module without a file is frozen into Python, or was made by hand.
    return is_trusted_file(file) if file else root in sys.stdlib_module_names


def is_trusted_class(cls: type) -> bool:
    """Tell whether a class is a trusted library's."""
    module = module_of(cls)
    # What code without a module defines is called a builtin too.
    return is_trusted_module(module) and (module != "builtins" or not cls.__flags__ & _HEAP)


def module_of(cls: type) -> str:
    """Return the name of the module that defines a class, whatever its metaclass says."""
    module = _module(cls)
    return module if type(module) is str else ""


def impurity(module: str, name: str = "") -> str:
    """Return what is impure about a module, or about an attribute of it; empty if nothing."""
    root = module.partition(".")[0]
    if root in _LIBRARIES:
        if f"{module}.".startswith("numpy.random."):
            return module
        return f"{module}.{name}" if name in _IMPURE_PARTS.get(root, ()) else ""
    if root == "builtins":
        return name if name in IMPURE_BUILTINS else ""
    if root in sys.stdlib_module_names and root not in PURE:
        return f"{module}.{name}" if name else module
    return ""


def impure_class(cls: type) -> str:
    """Return what a class is called whose objects differ each time one is made; or empty."""
    module = module_of(cls)
    return f"{module}.{static.class_name(cls)}" if module in _IMPURE_CLASSES else ""


def is_named_constant(function: Any) -> bool:
    """Tell whether a library's module or class holds a function under the function's own name."""
    module = sys.modules.get(function.__module__ or "")
    if module is None or not is_trusted_module(function.__module__):
        return False
    found: Any = module
    for part in function.__qualname__.split("."):
        members = static.class_dict(found) if isinstance(found, type) else vars(module)
        found = members.get(part)
        if found is None:
            return False
        if not isinstance(found, type):
            break
    found = found.__func__ if isinstance(found, staticmethod | classmethod) else found
    return found is function
