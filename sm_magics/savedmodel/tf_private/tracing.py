"""What a trace of a forward pass reads of TensorFlow's and Keras's own objects, and what it can't.

Every name in `SET_ASIDE` is one that training, calling or saving changes, or that is bookkeeping
which is dear to read, and that no code of TensorFlow or Keras reads while it traces a forward pass
with ``training=False``. The author's code may: what it names is looked at after all.
"""

from __future__ import annotations

import sys
from typing import Any

_LAYER = frozenset(
    {
        "_called",  # only guards the registration of call-context arguments
        "_losses",  # added by a call for `model.losses`; a forward pass clears and adds, never asks
        "_loss_ids",
        "_losses_override",
        "_tracker",  # sorts what is assigned later into the lists of variables and layers
        "_tracked",
        "_auto_config",  # the constructor's arguments, for get_config
        "_lock",
        "_call_signature",  # of `call`, whose code is looked at
        "_parent_path",  # which name scope to open while `build` runs
        "build",  # makes the weights, and `built` says whether they are made
        "_inbound_nodes",  # symbolic calls; a functional model has its own in `_nodes_by_depth`
        "_outbound_nodes",
        "kernel_initializer",  # how a new weight would start; the weights are there
        "bias_initializer",
        "beta_initializer",
        "gamma_initializer",
        "moving_mean_initializer",
        "moving_variance_initializer",
        "kernel_regularizer",  # for `model.losses`
        "bias_regularizer",
        "kernel_constraint",  # applied by the optimizer
        "bias_constraint",
        "_saved_model_inputs_spec",  # what a call in tf.saved_model recorded
        "_saved_model_arg_spec",
        "quantize",  # changes the layer when it is called, and that is seen
        "train_function",  # a save gives these three to every layer, for its own walk
        "test_function",
        "predict_function",
    }
)
_TRAINER = frozenset(
    {
        "compiled",
        "loss",
        "optimizer",
        "history",
        "stop_training",
        "stop_evaluating",
        "stop_predicting",
        "steps_per_execution",
        "unrolled_steps_per_execution",
        "_run_eagerly",
        "_jit_compile",  # of the training step
        "_initial_epoch",
        "_compile_config",
        "_compile_loss",
        "_compile_metrics",
        "_compute_loss_has_training_arg",
        "_loss_tracker",
        "_compiled_trainable_state",
        "_eval_epoch_iterator",
    }
)
_TRACKABLE = frozenset(
    {
        "_self_setattr_tracking",  # whether assignment makes a dependency of a checkpoint
        "_self_unconditional_checkpoint_dependencies",
        "_self_unconditional_dependency_names",
        "_self_unconditional_deferred_dependencies",
        "_self_update_uid",
        "_self_name_based_restores",
        "_self_saveable_object_factories",
    }
)
_VARIABLE = frozenset(
    {
        "_initializer",  # how it started
        "_regularizer",  # for `model.losses`
        "_constraint",  # applied by the optimizer
        "_overwrite_with_gradient",  # read by the optimizer
    }
)
_FUNCTION = frozenset(
    {
        "_lock",
        "_function_cache",  # the traces so far
        "_function_captures",
        "_created_variables",
        "_variable_creation_config",
        "_no_variable_creation_config",
        "_concrete_variable_creation_fn",
        "_descriptor_cache",  # the same function, bound to each object
        "_key_for_call_stats",  # code, for a warning of many traces
        "_omit_frequent_tracing_warning",
        "_shared_rendezvous",
        "_tf_decorator",  # another way to the Python function
        "__wrapped__",
        "__original_wrapped__",
        "__signature__",
        "_is_pure",
    }
)

READ_THROUGH: dict[str, frozenset[str]] = {
    "losses": frozenset({"_losses", "_loss_ids", "_losses_override", "kernel_regularizer"}),
    "get_config": frozenset({"_auto_config", "kernel_initializer", "bias_initializer"}),
    "input": frozenset({"_inbound_nodes"}),
    "output": frozenset({"_inbound_nodes"}),
    "metrics": frozenset({"_compile_metrics", "_loss_tracker"}),
    "compute_loss": frozenset({"_compile_loss"}),
    "compute_metrics": frozenset({"_compile_metrics"}),
    "get_compile_config": frozenset({"_compile_config"}),
}
"""What is read by the way of a public name; besides, a property is called as its field without _"""

MADE_WHEN_ASKED = {
    "_dropout_mask": None,  # of a recurrent cell, kept for the length of one training call
    "_recurrent_dropout_mask": None,
    "is_gptq_calibrated": False,  # read by a quantized forward pass; a save asks any layer
    "is_awq_calibrated": False,
}
"""Fields that Keras makes when it first asks for them, with this value: absent is the same."""

SET_ASIDE: dict[tuple[str, str], frozenset[str]] = {
    ("keras.src.layers.layer", "Layer"): _LAYER,
    ("keras.src.trainers.trainer", "Trainer"): _TRAINER,
    ("tensorflow.python.trackable.base", "Trackable"): _TRACKABLE,
    ("keras.src.backend.common.variables", "Variable"): _VARIABLE,
    ("keras.src.ops.symbolic_arguments", "SymbolicArguments"): frozenset(
        {"_flat_arguments"}  # `args` and `kwargs` once more, for `keras_tensors`
    ),
    (
        "tensorflow.python.eager.polymorphic_function.polymorphic_function",
        "Function",
    ): _FUNCTION,
    ("tensorflow.python.saved_model.load", "_UserObject"): frozenset({"graph_debug_info"}),
}
"""Per class the fields of its instances that no trace of a forward pass reads."""

TRAINING_METHODS = frozenset(
    {
        "__init__",
        "__new__",
        "__init_subclass__",
        "__del__",
        "build",
        "fit",
        "evaluate",
        "predict",
        "predict_on_batch",
        "train_on_batch",
        "test_on_batch",
        "train_step",
        "test_step",
        "predict_step",
        "make_train_function",
        "make_test_function",
        "make_predict_function",
        "compile",
        "compile_from_config",
        "get_compile_config",
        "compute_loss",
        "compute_metrics",
        "get_metrics_result",
        "reset_metrics",
        "metrics",
        "get_config",
        "from_config",
        "get_build_config",
        "build_from_config",
        "save",
        "save_weights",
        "load_weights",
        "save_own_variables",
        "load_own_variables",
        "save_assets",
        "load_assets",
        "export",
        "summary",
        "quantize",
    }
)
"""Methods that make, train or save an object; no forward pass of Keras calls them."""


def variable_facts(variable: Any) -> tuple[Any, ...]:
    """Return the resource handle of a tf.Variable, and what of it may change in place.

    Its caching device is a string or None; the last one tells whether there is more to it: it is
    distributed, or has attributes that TensorFlow does not know.
    """
    own = vars(variable)
    more = own.keys() - _FIELDS_OF_VARIABLES
    return (
        own["_handle"],
        own["_trainable"],
        own["_caching_device"],
        own["_xla_sharding"] is not None
        or own["_distribute_strategy"] is not None
        or (bool(more) and not all(name.startswith("_self_") for name in more)),
    )


_FIELDS_OF_VARIABLES = frozenset(
    {
        "_aggregation",
        "_cached_shape_as_list",
        "_cached_value",
        "_caching_device",
        "_constraint",
        "_distribute_strategy",
        "_dtype",
        "_graph_element",
        "_graph_key",
        "_handle",
        "_handle_name",
        "_in_graph_mode",
        "_initial_value",
        "_initializer_op",
        "_is_initialized_op",
        "_save_slice_info",
        "_shape",
        "_synchronization",
        "_trainable",
        "_unique_id",
        "_validate_shape",
        "_variable_read",
        "_xla_sharding",
    }
)
_FIELDS_OF_TENSORS = frozenset(
    {"_handle_data", "_keras_history", "_keras_mask", "_name", "_parent_trackable", "_unique_id"}
)


def is_bare_tensor(tensor: Any) -> bool:
    """Tell whether a tensor has no attributes but those of TensorFlow and Keras."""
    return bool(vars(tensor).keys() <= _FIELDS_OF_TENSORS)


def captured(concrete: Any) -> list[Any]:
    """Return the tensors that a ConcreteFunction feeds to its graph besides its arguments."""
    return list(concrete._captured_inputs)  # noqa: SLF001


def tensorflow_settings() -> dict[str, Any]:
    """Return TensorFlow's state that a trace reads and that has no public name."""
    from tensorflow.python.autograph.core import ag_ctx
    from tensorflow.python.eager import context
    from tensorflow.python.framework import config, ops, tensor

    now = context.context()
    graph = None if now.executing_eagerly() else ops.get_default_graph()
    return {
        "executing_eagerly": graph is None,
        "device": now.device_name,
        "name scope": now.scope_name,
        "seed": context.global_seed() if graph is None else graph.seed,
        "autograph": str(ag_ctx.control_status_ctx().status),
        "determinism": config.is_op_determinism_enabled(),
        "dtype conversion": str(ops.is_auto_dtype_conversion_enabled()),
        "numpy type promotion": ops.is_numpy_style_type_promotion(),
        "numpy slicing": ops._numpy_style_slicing,  # noqa: SLF001
        "tensor equality": tensor.Tensor._USE_EQUALITY,  # noqa: SLF001
        # Such as `tf.debugging.enable_check_numerics`, which adds ops.
        "op callbacks": [id(callback) for callback in now.op_callbacks],
    }


_KERAS_STATE = (
    "autocast_scope",
    "custom_objects_scope_dict",
    "distribution",
    "flash_attention",
    "in_tf_graph_scope",
    "name_scope_stack",
    "remat_scope_stack",
    "stateless_scope",
    "symbolic_scope",
    "global_random_seed",
)


def keras_settings() -> dict[str, Any]:
    """Return the state of Keras 3 that a forward pass reads, beside what `keras.config` names."""
    module = sys.modules.get("keras.src.backend.common.global_state")
    if module is None:
        return {}
    # An empty stack of scopes is as good as none: the first scope that was ever opened made it.
    return {name: module.get_global_attribute(name) or None for name in _KERAS_STATE}
