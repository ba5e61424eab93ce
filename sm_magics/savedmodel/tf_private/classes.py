"""Where classes live and keep their parts; looked up without importing anything."""

from __future__ import annotations

# What classes are to us: (role, framework) by where they are defined. `kinds.py` looks them up in
# sys.modules, so that nothing is imported; the most derived class decides.
CLASS_ROLES: dict[tuple[str, str], tuple[str, str]] = {
    ("keras.src.models.functional", "Functional"): ("functional", "Keras 3"),
    ("keras.src.models.sequential", "Sequential"): ("sequential", "Keras 3"),
    ("keras.src.models.model", "Model"): ("subclassed", "Keras 3"),
    ("keras.src.layers.core.input_layer", "InputLayer"): ("input layer", "Keras 3"),
    ("keras.src.layers.layer", "Layer"): ("layer", "Keras 3"),
    ("keras.src.optimizers.base_optimizer", "BaseOptimizer"): ("optimizer", "Keras 3"),
    ("keras.src.random.seed_generator", "SeedGenerator"): ("seed", "Keras 3"),
    ("keras.src.backend.common.variables", "Variable"): ("variable", "Keras 3"),
    ("tf_keras.src.engine.functional", "Functional"): ("functional", "Keras 2"),
    ("tf_keras.src.engine.sequential", "Sequential"): ("sequential", "Keras 2"),
    ("tf_keras.src.engine.training", "Model"): ("subclassed", "Keras 2"),
    ("tf_keras.src.engine.input_layer", "InputLayer"): ("input layer", "Keras 2"),
    ("tf_keras.src.engine.base_layer", "Layer"): ("layer", "Keras 2"),
    ("tf_keras.src.metrics.base_metric", "Metric"): ("metric", "Keras 2"),
    ("tf_keras.src.optimizers.optimizer", "_BaseOptimizer"): ("optimizer", "Keras 2"),
    ("tf_keras.src.optimizers.legacy.optimizer_v2", "OptimizerV2"): ("optimizer", "Keras 2"),
    ("tensorflow.python.module.module", "Module"): ("module", "TensorFlow"),
    ("tensorflow.python.checkpoint.checkpoint", "Checkpoint"): ("checkpoint", "TensorFlow"),
    ("tensorflow.python.eager.polymorphic_function.polymorphic_function", "Function"): (
        "function",
        "TensorFlow",
    ),
    ("tensorflow.python.eager.polymorphic_function.concrete_function", "ConcreteFunction"): (
        "function",
        "TensorFlow",
    ),
    ("tensorflow.python.ops.variables", "Variable"): ("variable", "TensorFlow"),
    ("tensorflow.python.trackable.data_structures", "_DictWrapper"): ("proxy", "TensorFlow"),
    ("tensorflow.python.trackable.data_structures", "_TupleWrapper"): ("proxy", "TensorFlow"),
    ("tensorflow.python.trackable.data_structures", "List"): ("storage", "TensorFlow"),
    ("tensorflow.python.trackable.data_structures", "Mapping"): ("storage", "TensorFlow"),
    ("tensorflow.python.saved_model.signature_serialization", "_SignatureMap"): (
        "storage",
        "TensorFlow",
    ),
    ("tensorflow.python.trackable.base", "Trackable"): ("trackable", "TensorFlow"),
}

# `tf.saved_model.load` makes a class of this name for each object that it revives.
REVIVED_CLASS = ("tensorflow.python.saved_model.load", "_UserObject")

# Where the "storage" classes keep the builtin container.
STORAGE_FIELDS = ("_storage", "_signatures")

# Where layers keep their variables and what else has some.
LAYER_FIELDS = {
    "Keras 3": ("_trainable_variables", "_non_trainable_variables", "_seed_generators", "_layers"),
    "Keras 2": ("_trainable_weights", "_non_trainable_weights", "_self_tracked_trackables"),
}

# Where functional and sequential models keep what `model.layers` lists.
LAYERS_FIELD = {"Keras 3": "_layers", "Keras 2": "_self_tracked_trackables"}

# How the names of TensorFlow's own entries in every trackable's instance dict start.
BOOKKEEPING = "_self_"

# What a variable of variables wraps: Keras 3, autocast (tf_keras), distributed.
INNER_VARIABLE_FIELDS = ("_value", "_variable", "_values")

# tf.functions that Keras itself keeps in a model's instance dict.
KERAS_OWN_FUNCTIONS = frozenset(
    {
        "train_function",
        "test_function",
        "predict_function",
        "train_tf_function",
        "_default_save_signature",
    }
)
