"""Ask a SavedModel in this process."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel import tf_private
from sm_magics.savedmodel.verify import state

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sm_magics.savedmodel.verify.fresh_process import Question


def run(directory: Path, questions: Sequence[Question]) -> dict[str, dict[str, Any] | Exception]:
    """Answer questions by a SavedModel that is loaded here, for as long as that takes.

    Outside the scope of a distribution strategy, as a consumer would.

    Parameters
    ----------
    directory : Path
    questions : sequence of (key, feeds, writes)
        A signature's key, its tensors by input name, and whether it writes variables.

    Returns
    -------
    dict
        Signature key -> outputs by name, or the exception that was raised.
    """
    import tensorflow as tf

    if not tf.distribute.has_strategy():
        return _run(directory, questions)
    with ThreadPoolExecutor(1) as outside:  # a scope is its thread's own
        return outside.submit(_run, directory, questions).result()


def _run(directory: Path, questions: Sequence[Question]) -> dict[str, dict[str, Any] | Exception]:
    import tensorflow as tf

    try:
        loaded = tf.saved_model.load(str(directory))
    except Exception as error:  # noqa: BLE001, it is the answer
        return {key: error for key, _, _ in questions}
    answers: dict[str, dict[str, Any] | Exception] = {}
    for key, feeds, writes in questions:
        try:
            signature = loaded.signatures[key]
            kept = state.kept(signature.variables if writes else [])
            with full_precision(), tf_private.unoptimized(), kept:
                answers[key] = signature(**feeds)
        except Exception as error:  # noqa: BLE001, it is the answer
            answers[key] = error
    return answers


@contextlib.contextmanager
def full_precision() -> Iterator[None]:
    """Compute in full precision, whatever is set for the rest."""
    # TensorFloat-32 rounds on some GPUs, so that a GPU and the CPU agree to three digits only.
    import tensorflow as tf

    before = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(enabled=False)
    try:
        yield
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(before)
