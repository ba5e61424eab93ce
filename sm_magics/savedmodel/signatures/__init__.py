"""What can be served: signatures, their tensors, and the text form that a person types."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import tensorflow as tf


class Spec(NamedTuple):
    """A named tensor of a signature: `tf.TensorSpec` without TensorFlow.

    Attributes
    ----------
    name : str
        What a client calls it.
    dtype : str
        TensorFlow's name of the dtype, such as ``"float32"`` or ``"string"``.
    shape : tuple of (int or None), or None
        None in a place is any size there; None as a whole is any rank.
    kind : str
        ``"ragged"`` or ``"sparse"`` for what a signature takes apart into several tensors, each
        with a name of its own; empty for a dense tensor.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...] | None
    kind: str = ""

    def __str__(self) -> str:
        """Return the form that a person types: ``x: float32[None, 3]``."""
        inner = "..." if self.shape is None else ", ".join(map(str, self.shape))
        dense = f"{self.dtype}[{inner}]"
        return f"{self.name}: {self.kind}[{dense}]" if self.kind else f"{self.name}: {dense}"

    @property
    def tensor_spec(self) -> tf.TypeSpec:
        """The same as a `tf.TensorSpec`, or as its ragged or sparse kin (imports TensorFlow).

        A ragged tensor is ragged up to its last free dimension.
        """
        import tensorflow as tf

        if self.kind == "sparse":
            return tf.SparseTensorSpec(self.shape, tf.dtypes.as_dtype(self.dtype))
        if self.kind == "ragged" and self.shape is not None:
            last = max(place for place, size in enumerate(self.shape) if size is None)
            return tf.RaggedTensorSpec(self.shape, tf.dtypes.as_dtype(self.dtype), last)
        return tf.TensorSpec(self.shape, tf.dtypes.as_dtype(self.dtype), name=self.name)


class Signature(NamedTuple):
    """One SignatureDef: a key, the function behind it, and its named inputs and outputs.

    Attributes
    ----------
    key : str
        The SignatureDef's key, such as ``"serving_default"``.
    function : str
        The function as a person calls it (``"model.serve"``), or the graph function of a directory.
    inputs, outputs : tuple of Spec
        In the order in which they are written.
    why : str
        Why this function and these names were chosen; empty where the user said so.
    """

    key: str
    function: str
    inputs: tuple[Spec, ...]
    outputs: tuple[Spec, ...]
    why: str = ""
