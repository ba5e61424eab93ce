"""The one line of an error that says what happened."""

from __future__ import annotations

import re

from sm_magics.savedmodel import tf_private

# Colours, node names, TensorFlow's own headings, and those of Keras 3 ("… calling Dense.call().")
# and of Keras 2 ("… calling layer 'dense' (type Dense).").
_NOISE = re.compile(
    r"\x1b\[\d*m"
    r"|\{\{.*?\}\} ?"
    r"|^Graph execution error:$|^Detected at node.*$|^\s*(File \"|<stack).*$"
    r"|^(\w+: )?Exception encountered when calling (layer .* \(type \S+\)\.|\S*)$"
)


def of(error: BaseException, *, kind: bool = True) -> str:
    """Return the line, without the frames and headings that TensorFlow and Keras add.

    Parameters
    ----------
    error : BaseException
    kind : bool
        Whether it begins with the name of the error's type.
    """
    cause = tf_private.autograph_cause(error)
    name = type(error).__name__
    text = (str(error) if cause is None else cause).removeprefix(f"{name}: ")
    lines = [_NOISE.sub("", line).strip() for line in text.splitlines()]
    said = next((line for line in lines if line), "")
    return (f"{name}: {said}" if said else name) if kind else said
