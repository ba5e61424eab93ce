"""What a person gives for an option -> what `tf.saved_model.SaveOptions` wants."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel.options import sharding
from sm_magics.savedmodel.signatures import functions

if TYPE_CHECKING:
    from sm_magics.savedmodel.options import Option

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 2**10, "mi": 2**20, "gi": 2**30}
_SIZE = re.compile(r"(?P<number>\d+(\.\d+)?) ?(?P<unit>[kmg]i?)?b?", re.IGNORECASE)


def parse_size(text: str) -> int:
    """Return the bytes that a text such as ``"512MB"`` or ``"1.5 GiB"`` means.

    Raises
    ------
    ValueError
        If the text is not a size, or is less than one byte.
    """
    match = _SIZE.fullmatch(text.strip())
    size = int(float(match["number"]) * _UNITS[(match["unit"] or "").lower()]) if match else 0
    if size < 1:
        raise ValueError(f"{text!r} is not a size; type one such as 512MB or 1.5GiB")
    return size


def checked(row: Option, value: Any) -> Any:
    """Return what `tf.saved_model.SaveOptions` wants for the value that a person gave.

    Raises
    ------
    ValueError
        If the value makes no sense; the message says what does.
    """
    if row.kind in {"flag", "off"} and not isinstance(value, bool):
        raise ValueError(f"{row.name} is True or False; not {value!r}")
    if row.kind == "list":
        return _list(row, value)
    if row.kind == "pairs":
        return _pairs(row, value)
    if row.name == "experimental_io_device":
        return _device(value)
    if row.kind == "choice" and isinstance(value, str):
        if value.lower() not in row.choices:
            raise ValueError(f"{row.name} is one of {', '.join(row.choices)}; not {value!r}")
        return None if value.lower() == "none" else value.lower()
    return _sharding(value) if row.kind == "size" else value


def _list(row: Option, value: Any) -> list[str]:
    if isinstance(value, str):
        # TensorFlow would split a bare string into letters.
        raise ValueError(f"{row.name} takes a list: [{value!r}]")  # noqa: TRY004, as documented
    values = list(value)
    if not all(isinstance(one, str) for one in values):
        raise ValueError(f"{row.name} takes a list of texts; not {value!r}")
    if row.name == "extra_tags":
        _refuse_tags(values)
    return values


def _refuse_tags(tags: list[str]) -> None:
    for tag in tags:
        if not tag.strip():
            raise ValueError(f"extra_tags has {tag!r}; a tag is a text, not empty, such as 'gpu'")
        if tag == "serve":
            raise ValueError("extra_tags has 'serve', which every export has; leave it out")
        if tags.count(tag) > 1:
            raise ValueError(f"extra_tags has {tag!r} twice; leave one out")


def _pairs(row: Option, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{row.name} takes a dict such as {{'alias': model.serve}}")  # noqa: TRY004, as documented
    for alias, function in value.items():
        if not (isinstance(alias, str) and alias):
            raise ValueError(f"{row.name} has the alias {alias!r}; an alias is a text, not empty")
        if not (functions.is_function(function) or _are_traces(function)):
            raise ValueError(
                f"{row.name}: the alias {alias!r} is given a {type(function).__name__}; give it a "
                "tf.function of the object, such as model.serve"
            )
    return dict(value)


def _are_traces(value: Any) -> bool:
    given = isinstance(value, list | tuple | set)
    return given and bool(value) and all(map(functions.is_concrete, value))


def _sharding(value: Any) -> Any:
    if value == "device":
        return sharding.by_task()
    if isinstance(value, str):
        return sharding.by_size(parse_size(value))
    if isinstance(value, bool) or (isinstance(value, int) and value < 1):
        raise ValueError(f"{value!r} is not a size; give a number of bytes, or a text as 512MB")
    return sharding.by_size(value) if isinstance(value, int) else value


def _device(value: Any) -> str:
    # TensorFlow finds a bad device only after it has begun to write, or quietly takes another one.
    import tensorflow as tf

    devices = tf.config.list_logical_devices()
    try:
        wanted = tf.DeviceSpec.from_string(value)
    except (AttributeError, ValueError):
        wanted = None
    if wanted is None or not any(_matches(wanted, device.name) for device in devices):
        names = ", ".join(device.name for device in devices)
        raise ValueError(
            f"experimental_io_device {value!r} is no device here; the devices are {names}"
        )
    return str(value)


def _matches(wanted: Any, name: str) -> bool:
    import tensorflow as tf

    here = tf.DeviceSpec(job="localhost", replica=0, task=0)
    device = here.make_merged_spec(tf.DeviceSpec.from_string(name))
    return bool(device.make_merged_spec(wanted).to_string() == device.to_string())
