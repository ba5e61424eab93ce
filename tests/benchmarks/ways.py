"""What the ways to export that are compared are called, for who has no TensorFlow loaded."""

from __future__ import annotations

SAVE = "`tf.saved_model.save`"
KERAS = "`keras.Model.export`"
UNVERIFIED = "export, not verified"
AGAIN = "export again after more training, not verified"


def verified(level: str) -> str:
    """Return what an export with a level of verification is called."""
    return f"export, verified by {level}"
