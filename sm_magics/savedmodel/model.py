"""Model: what was found in a namespace. Light, so that showing a result imports no search."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sm_magics.savedmodel.display import Displayable

if TYPE_CHECKING:
    import weakref


@dataclass(frozen=True, slots=True)
class Model(Displayable):
    """A model that was found in a namespace.

    Attributes
    ----------
    names : tuple of str
        Every expression that reaches it, shortest first: ``("model", "models['a']")``.
    kind : str
        ``functional``, ``sequential``, ``subclassed``, ``layer``, ``module``, ``checkpoint``,
        ``function`` or ``loaded``.
    framework : str
        ``"Keras 3"``, ``"Keras 2"`` (`tf_keras`) or ``"TensorFlow"``.
    class_name : str
        Name of its class.
    built : bool or None
        Whether its variables exist; None where the question makes no sense.
    variables, bytes : int
        Number of its variables and their size in bytes.
    functions : tuple of str
        Its tf.functions by path: ``("serve", "encoder.embed")``.
    cell, cell_id, line : int or None, str or None, int or None
        The cell that bound it (execution count, the front end's id) and the line in that cell.
    """

    names: tuple[str, ...]
    kind: str
    framework: str
    class_name: str
    built: bool | None
    variables: int
    bytes: int
    functions: tuple[str, ...]
    cell: int | None = None
    cell_id: str | None = None
    line: int | None = None
    ref: weakref.ref[Any] | None = field(default=None, repr=False, compare=False)

    @property
    def name(self) -> str:
        """The name that a person would use."""
        return self.names[0]
