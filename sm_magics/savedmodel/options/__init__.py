"""ONE table of options: flag, type, help, version -> magics, panel, sidebar, `SaveOptions`.

The rows are kept by hand, because help texts and units can't be derived; `tests/engine/
test_options.py` compares them with the installed `tf.saved_model.SaveOptions` and prints what to
add when TensorFlow grows a field.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel.options import option_values
from sm_magics.savedmodel.options.option_values import parse_size

if TYPE_CHECKING:
    import tensorflow as tf

__all__ = [
    "BY_NAME",
    "OPTIONS",
    "SAVE_OPTIONS",
    "Option",
    "missing_fields",
    "parse_size",
    "refuse_missing",
    "refuse_unavailable",
    "save_options",
]


@dataclass(frozen=True, slots=True)
class Option:
    """One option of an export.

    Attributes
    ----------
    name : str
        The keyword of `sm_magics.export`, or the field of `SaveOptions`.
    flags : tuple of str
        What a person types.
    kind : str
        ``"flag"``, ``"off"`` (a flag that turns a default off), ``"text"``, ``"list"`` (repeat it),
        ``"pairs"`` (repeat ``NAME=VALUE``), ``"choice"`` or ``"size"``.
    help : str
        One line for ``--help``, tooltips and docs.
    metavar : str
        What stands for the value in ``--help``.
    choices : tuple of str
        The values of a ``"choice"``, or of each one in a ``"list"``.
    group : str
        ``"signature"``, ``"destination"``, ``"check"`` or ``"SaveOptions"``.
    since : str
        The TensorFlow release that introduced the field.
    experimental : bool
        TensorFlow may change or drop it.
    unavailable : str
        Why it can't be used; empty where it can.
    """

    name: str
    flags: tuple[str, ...]
    kind: str
    help: str
    metavar: str = ""
    choices: tuple[str, ...] = ()
    group: str = "SaveOptions"
    since: str = "2.0"
    experimental: bool = False
    unavailable: str = ""


OPTIONS: tuple[Option, ...] = (
    Option(
        "signatures",
        ("-s", "--signature"),
        "list",
        "a signature: 'serve', 'KEY=serve' or 'KEY=serve(x: float32[None, 3])'; repeat for more",
        "KEY=FUNCTION",
        group="signature",
    ),
    Option(
        "inputs",
        ("--input",),
        "list",
        "an input of a model that has no signature yet: 'x: float32[None, 4]'; repeat for more",
        "SPEC",
        group="signature",
    ),
    Option(
        "allow_no_signature",
        ("--allow-no-signature",),
        "flag",
        "export although nothing can be served (the functions stay loadable from Python)",
        group="signature",
    ),
    Option(
        "flatten",
        ("--flatten",),
        "flag",
        "name the leaves of nested outputs by their path, such as a.b.0",
        group="signature",
    ),
    Option(
        "batch",
        ("--batch",),
        "choice",
        "the batch size, dimension 0 of the inputs: 'free' is any, 'fixed' that of the first call",
        "SIZE",
        choices=("free", "fixed"),
        group="signature",
    ),
    Option(
        "with_optimizer",
        ("--with-optimizer",),
        "flag",
        "export optimizers too: their state is larger than the model, and serves nobody",
        group="signature",
    ),
    Option(
        "overwrite",
        ("--overwrite",),
        "flag",
        "replace the SavedModel that stands there, in one atomic step",
        group="destination",
    ),
    Option(
        "next_version",
        ("--next-version",),
        "flag",
        "write DIR/1, then DIR/2, ... as model servers read them",
        group="destination",
    ),
    Option(
        "writer",
        ("--writer",),
        "choice",
        "who writes it: 'fast' is ours, which leaves to TensorFlow what it does not know; "
        "'tensorflow' is tf.saved_model.save, which traces once more",
        "WRITER",
        choices=("fast", "tensorflow"),
        group="check",
    ),
    Option(
        "target",
        ("--target",),
        "choice",
        "where it goes, for the findings about devices; 'any' is a CPU or a GPU",
        "TARGET",
        choices=("cpu", "gpu", "tpu", "any"),
        group="check",
    ),
    Option(
        "consumer",
        ("--consumer",),
        "text",
        "the oldest TensorFlow that is to load it, such as 2.12",
        "VERSION",
        group="check",
    ),
    Option(
        "fix",
        ("--fix",),
        "list",
        "put right in the export: 'cudnn' traces Keras 3 RNNs without it, 'devices' takes "
        "hard-coded ones out, 'consumer' what --consumer does not know; repeat for more",
        "WHAT",
        choices=("cudnn", "devices", "consumer"),
        group="check",
    ),
    Option(
        "verify",
        ("--verify",),
        "choice",
        "how to prove it: 'structural' compares the files with the trace, 'run' also loads it back "
        "here, 'process' in a fresh process on the CPU, 'serving' there as a model server does, "
        "with hard placement",
        "LEVEL",
        choices=("structural", "run", "process", "serving"),
        group="check",
    ),
    Option(
        "no_verify",
        ("--no-verify",),
        "flag",
        "don't compare it with the live object",
        group="check",
    ),
    Option(
        "sample",
        ("--sample",),
        "text",
        "the array (or dict of arrays by input name) to verify with, instead of made-up inputs",
        "NAME",
        group="check",
    ),
    Option(
        "select",
        ("--select",),
        "list",
        "only these findings: codes or prefixes",
        "SM2",
        group="check",
    ),
    Option("ignore", ("--ignore",), "list", "not these findings", "SM502", group="check"),
    Option("strict", ("--strict",), "flag", "warnings stop the export too", group="check"),
    Option(
        "namespace_whitelist",
        ("--namespace-whitelist",),
        "list",
        "an op namespace that may be saved; repeat for more (default: all)",
        "NAMESPACE",
    ),
    Option(
        "save_debug_info",
        ("--save-debug-info",),
        "flag",
        "also write where each op was made (this puts local file paths into the export)",
    ),
    Option(
        "function_aliases",
        ("--function-alias",),
        "pairs",
        "a name for all traces of a tf.function; repeat for more",
        "ALIAS=FUNCTION",
    ),
    Option(
        "experimental_debug_stripper",
        ("--debug-stripper",),
        "flag",
        "turn Assert, Print and CheckNumerics into no-ops",
        since="2.11",
        experimental=True,
    ),
    Option(
        "experimental_io_device",
        ("--io-device",),
        "text",
        "the device that writes the files",
        "DEVICE",
        since="2.2",
        experimental=True,
    ),
    Option(
        "experimental_variable_policy",
        ("--variable-policy",),
        "choice",
        "what is kept of a variable's device or replicas",
        "POLICY",
        choices=("none", "save_variable_devices", "expand_distributed_variables"),
        since="2.3",
        experimental=True,
    ),
    Option(
        "experimental_custom_gradients",
        ("--no-custom-gradients",),
        "off",
        "leave custom gradients out (the export can't be fine-tuned where it uses them)",
        since="2.6",
        experimental=True,
    ),
    Option(
        "experimental_image_format",
        ("--image-format",),
        "flag",
        "the format for graphs above 2 GB",
        since="2.14",
        experimental=True,
        unavailable="the open-source build of TensorFlow refuses it",
    ),
    Option(
        "experimental_skip_saver",
        ("--skip-saver",),
        "flag",
        "leave the saver out (graph-mode loaders then can't restore the variables)",
        since="2.14",
        experimental=True,
    ),
    Option(
        "experimental_sharding_callback",
        ("--sharding",),
        "size",
        "split the checkpoint: a size such as 512MB, or 'device'",
        "SIZE",
        since="2.16",
        experimental=True,
    ),
    Option(
        "extra_tags",
        ("--extra-tag",),
        "list",
        "a tag of the MetaGraph besides 'serve'; repeat for more",
        "TAG",
        since="2.17",
    ),
)
BY_NAME = {option.name: option for option in OPTIONS}
SAVE_OPTIONS = tuple(option for option in OPTIONS if option.group == "SaveOptions")


def missing_fields() -> dict[str, str]:
    """Return the fields that the installed TensorFlow lacks, each with the release that has it."""
    import tensorflow as tf

    present = inspect.signature(tf.saved_model.SaveOptions).parameters
    return {row.name: row.since for row in SAVE_OPTIONS if row.name not in present}


def save_options(options: Mapping[str, Any] | tf.saved_model.SaveOptions | None) -> Any:
    """Build `tf.saved_model.SaveOptions` from named options.

    Parameters
    ----------
    options : mapping, tf.saved_model.SaveOptions or None
        Names are the fields of `SaveOptions`; the prefix ``experimental_`` may be left out. A
        `SaveOptions` is passed through, its fields checked all the same.

    Raises
    ------
    ValueError
        If a name is unknown, unavailable in this TensorFlow, or its value makes no sense.
    TypeError
        If `options` is neither.
    """
    import tensorflow as tf

    if isinstance(options, tf.saved_model.SaveOptions):
        _check_fields(options)
        return options
    if options is None:
        return tf.saved_model.SaveOptions()
    if not isinstance(options, Mapping):
        raise TypeError(
            f"options is a {type(options).__name__}; pass a dict such as "
            "{'save_debug_info': True} or a tf.saved_model.SaveOptions"
        )
    fields: dict[str, Any] = {}
    for name, value in options.items():
        row = _row(name)
        if row.name in fields:
            raise ValueError(f"{row.name} is given twice, with and without 'experimental_'")
        refuse_unavailable(row, value)
        refuse_missing(row)
        if value is not None:
            fields[row.name] = option_values.checked(row, value)
    return tf.saved_model.SaveOptions(**fields)


def refuse_unavailable(row: Option, value: Any) -> None:
    """Raise ValueError for an option that is wanted, and can't be used."""
    if row.unavailable and value:
        raise ValueError(f"{row.name} can't be used: {row.unavailable}")


def refuse_missing(row: Option) -> None:
    """Raise ValueError for an option that the installed TensorFlow lacks (imports TensorFlow)."""
    if row.name in missing_fields():
        import tensorflow as tf

        raise ValueError(f"{row.name} needs TensorFlow {row.since}; installed is {tf.__version__}")


def _check_fields(options: tf.saved_model.SaveOptions) -> None:
    import tensorflow as tf

    defaults = tf.saved_model.SaveOptions()
    for row in SAVE_OPTIONS:
        value, default = getattr(options, row.name, None), getattr(defaults, row.name, None)
        if value is not None and value != default:
            option_values.checked(row, value)


def _row(name: str) -> Option:
    for row in SAVE_OPTIONS:
        if name in (row.name, row.name.removeprefix("experimental_")):
            return row
    known = ", ".join(row.name for row in SAVE_OPTIONS)
    raise ValueError(f"unknown option {name!r}; the options are {known}")
