"""Of saving: fingerprints, file systems, options, workers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sm_magics.savedmodel.tf_private.keras import raw_variable


def strategy_of(variable: Any) -> Any:
    """Return the distribution strategy that made a variable; None if none did."""
    return getattr(raw_variable(variable), "_distribute_strategy", None)


def is_chief(resolver: Any) -> bool:
    """Tell whether this process is the chief of a cluster."""
    kind, number = resolver.task_type, resolver.task_id
    jobs = resolver.cluster_spec().as_dict()
    return kind in (None, "chief") or ("chief" not in jobs and kind == "worker" and number == 0)


def saves_devices(options: Any) -> bool:
    """Tell whether `tf.saved_model.SaveOptions` keep the devices of variables."""
    policy = getattr(options, "experimental_variable_policy", None)
    return policy is not None and bool(policy._save_variable_devices())  # noqa: SLF001


def is_mixed_export(directory: str) -> bool:
    """Tell whether the checkpoint of a SavedModel is not the one that its fingerprint tells of.

    False where there is no fingerprint, or it can't be computed.
    """
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import fingerprint_pb2
    from tensorflow.python.saved_model.pywrap_saved_model import fingerprinting

    try:
        there = fingerprint_pb2.FingerprintDef.FromString(
            fingerprinting.ReadSavedModelFingerprint(directory)
        )
        now = fingerprint_pb2.FingerprintDef.FromString(
            fingerprinting.CreateFingerprintDef(directory)
        )
    except (fingerprinting.FingerprintException, fingerprinting.FileNotFoundException, DecodeError):
        return False
    return bool(there.checkpoint_hash != now.checkpoint_hash)


def schemes() -> list[str]:
    """Return the schemes of the file systems that this TensorFlow knows: ``["", "file", ...]``."""
    import tensorflow as tf

    return [str(scheme) for scheme in tf.io.gfile.get_registered_schemes()]


def renew_fingerprint(directory: str) -> None:
    """Write the fingerprint of a SavedModel anew, after its graph was rewritten; keeps its uuid."""
    from tensorflow.core.protobuf import fingerprint_pb2
    from tensorflow.python.saved_model.pywrap_saved_model import fingerprinting

    path = Path(directory) / "fingerprint.pb"
    now = fingerprint_pb2.FingerprintDef.FromString(fingerprinting.CreateFingerprintDef(directory))
    now.uuid = fingerprint_pb2.FingerprintDef.FromString(path.read_bytes()).uuid
    path.write_bytes(now.SerializeToString())
