"""`tf.saved_model.SaveOptions` as source, with only what differs from its defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel.options import SAVE_OPTIONS
from sm_magics.savedmodel.program.expressions import NoProgramError
from sm_magics.savedmodel.program.text import bracketed, entries, literal

if TYPE_CHECKING:
    from sm_magics.savedmodel.program.expressions import Expressions


def source(options: Any, expressions: Expressions) -> str | None:
    """Return the call of `tf.saved_model.SaveOptions` that gives the options; None for defaults.

    Raises
    ------
    NoProgramError
        If an option is an object of the author's own.
    """
    import tensorflow as tf

    defaults = tf.saved_model.SaveOptions()
    given = {
        row.name: getattr(options, row.name)
        for row in SAVE_OPTIONS
        if options is not None
        and getattr(options, row.name, None) != getattr(defaults, row.name, None)
    }
    if not given:
        return None
    parts = [f"{name}={_value(name, value, expressions)}" for name, value in given.items()]
    return bracketed("tf.saved_model.SaveOptions(", parts, ")", depth=1)


def _value(name: str, value: Any, expressions: Expressions) -> str:
    if name == "experimental_variable_policy":
        return f"tf.saved_model.experimental.VariablePolicy.{value.name}"
    if name == "experimental_sharding_callback":
        return _sharding(value)
    if name == "function_aliases":
        found = {alias: expressions.find(function) for alias, function in value.items()}
        missing = [alias for alias, expression in found.items() if expression is None]
        if missing:
            raise NoProgramError(
                f"the function behind the alias {missing[0]!r} has no path that a program could "
                "name it by; assign it to an attribute of the model"
            )
        return f"{{{', '.join(entries({k: v for k, v in found.items() if v}))}}}"
    try:
        return literal(value)
    except ValueError as error:
        raise NoProgramError(
            f"the option {name} can't be written into a program: {error}"
        ) from None


def _sharding(callback: Any) -> str:
    import tensorflow as tf

    policies = tf.train.experimental
    # Ours is a subclass that refuses sizes for which TensorFlow's own never ends.
    known = type(callback).__module__.startswith(("tensorflow.", "sm_magics."))
    if known and isinstance(callback, policies.MaxShardSizePolicy):
        size = f"max_shard_size={callback.max_shard_size}"
        # With the option's name before it, it never fits into a line.
        return f"tf.train.experimental.MaxShardSizePolicy(\n            {size}\n        )"
    if known and type(callback).__name__ in ("ShardByTaskPolicy", "ShardByDevicePolicy"):
        return f"tf.train.experimental.{type(callback).__name__}()"
    raise NoProgramError(
        "the sharding callback is an object of your own, which a program can't spell out; give a "
        "size such as 512MB, or 'device'"
    )
