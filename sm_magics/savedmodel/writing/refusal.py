"""What makes the fast writer leave an export to TensorFlow."""

from __future__ import annotations


class UnknownError(Exception):
    """Something that the fast writer does not know; its text is a clause."""
