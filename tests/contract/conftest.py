"""Fixtures of the contract tests: an export that is reloaded and run, here and as a server does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import sm_magics

if TYPE_CHECKING:
    from pathlib import Path


class Exported:
    """An export with its reloaded signatures; keeps the loaded object alive."""

    def __init__(self, result: sm_magics.Result) -> None:
        import tensorflow as tf

        self.result = result
        self.path: Path = result.path
        self.loaded = tf.saved_model.load(str(result.path))
        self.signatures = self.loaded.signatures

    def names(self, key: str = "serving_default") -> tuple[list[str], list[str]]:
        """Return the names of inputs and outputs as the written SignatureDef has them."""
        (written,) = [s for s in self.result.inspection.signatures if s.key == key]
        return [spec.name for spec in written.inputs], [spec.name for spec in written.outputs]

    def run(self, key: str = "serving_default", **feeds: Any) -> dict[str, Any]:
        """Run a signature after a load."""
        import tensorflow as tf

        tensors = {name: tf.constant(value) for name, value in feeds.items()}
        return {name: out.numpy() for name, out in self.signatures[key](**tensors).items()}

    def serve(self, key: str = "serving_default", **feeds: Any) -> dict[str, Any]:
        """Load and run it with TensorFlow 1's session loader, as graph-mode servers do."""
        import tensorflow as tf

        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            graph = tf.compat.v1.saved_model.load(session, ["serve"], str(self.path))
            signature = graph.signature_def[key]
            return session.run(
                {name: tensor.name for name, tensor in signature.outputs.items()},
                {signature.inputs[name].name: value for name, value in feeds.items()},
            )


@pytest.fixture
def exported(tmp_path):
    """Export, and give back what a consumer sees."""

    def export(obj: Any, *args: Any, **keywords: Any) -> Exported:
        return Exported(
            sm_magics.export(obj, tmp_path / "export", *args, overwrite=True, **keywords)
        )

    return export
