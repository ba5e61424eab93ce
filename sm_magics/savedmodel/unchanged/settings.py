"""The settings of TensorFlow and Keras that a trace reads without being told of them."""

from __future__ import annotations

import sys
from typing import Any

from sm_magics.savedmodel import tf_private
from sm_magics.savedmodel.unchanged.identity import number_of


def settings() -> dict[str, Any]:
    """Return what is set for the whole process, by name; to be looked at like a model's fields."""
    import tensorflow as tf

    found = tf_private.tensorflow_settings() | {
        "run_functions_eagerly": tf.config.functions_run_eagerly(),
        "soft placement": tf.config.get_soft_device_placement(),
        "tf32": tf.config.experimental.tensor_float_32_execution_enabled(),
        "jit": tf.config.optimizer.get_jit(),
        "optimizer": tf.config.optimizer.get_experimental_options(),
        "devices": [device.name for device in tf.config.get_visible_devices()],
        "strategy": (
            number_of(tf.distribute.get_strategy()) if tf.distribute.has_strategy() else None
        ),
        "control flow v2": tf.compat.v1.control_flow_v2_enabled(),
    }
    keras = sys.modules.get("keras")
    if keras is not None:
        found |= {f"keras {name}": value for name, value in tf_private.keras_settings().items()} | {
            "keras.config.floatx": keras.config.floatx(),
            "keras.config.epsilon": keras.config.epsilon(),
            "keras.config.image_data_format": keras.config.image_data_format(),
            "keras.config.backend": keras.config.backend(),
            "keras.config.dtype_policy": keras.config.dtype_policy(),
            "keras.config.is_flash_attention_enabled": keras.config.is_flash_attention_enabled(),
            "keras seed": tf_private.global_seed(),
            # Their names: the classes of the model's own layers are looked at where they are used.
            "keras custom objects": list(keras.saving.get_custom_objects()),
        }
    return found
