"""An object's own tf.functions are found without running anything of its author's."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from sm_magics.savedmodel.signatures import functions

VECTOR = tf.TensorSpec([None], tf.float32)


class Base(tf.Module):
    @tf.function(input_signature=[VECTOR])
    def inherited(self, x):
        return x

    @tf.function
    def overridden(self, x):
        return x

    @tf.function
    def replaced(self, x):
        return x + 1.0


class Derived(Base):
    touched = False

    def __init__(self):
        super().__init__()
        self.attached = tf.function(lambda x: x)
        self.concrete = self.inherited.get_concrete_function()
        self.child = Base()
        self.blocks = [Base(), Base()]
        self.by_name = {"a": Base()}

    def overridden(self, x):
        return x

    @tf.function
    def replaced(self, x):
        return x + 2.0

    @staticmethod
    @tf.function(input_signature=[VECTOR])
    def static(x):
        return x * 3.0

    @property
    def tempting(self):
        type(self).touched = True
        return tf.function(lambda x: x)


def test_own_functions_are_methods_static_methods_and_attributes():
    derived = Derived()
    own = functions.own_functions(derived)
    assert list(own) == ["inherited", "replaced", "static", "attached", "concrete"]
    assert not Derived.touched
    assert own["inherited"] is derived.inherited
    np.testing.assert_array_equal(own["replaced"](tf.constant([1.0])), [3.0])
    np.testing.assert_array_equal(own["static"](tf.constant([1.0])), [3.0])


def test_a_property_that_overrides_a_function_is_not_run():
    class Tempting(Base):
        @property
        def inherited(self):
            raise AssertionError("ran")

    assert list(functions.own_functions(Tempting())) == ["overridden", "replaced"]


def test_an_attribute_that_is_no_function_hides_the_method():
    derived = Derived()
    derived.inherited = None
    assert "inherited" not in functions.own_functions(derived)


def test_what_keras_keeps_for_itself_is_not_the_authors():
    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(1)

        def call(self, x):
            return self.dense(x)

        @tf.function
        def serve(self, x):
            return self(x)

    model = Model()
    model.compile("sgd", "mse")
    data = np.ones((2, 3), "float32")
    model.fit(data, data[:, :1], verbose=0)
    model.evaluate(data, data[:, :1], verbose=0)
    model.predict(data, verbose=0)
    assert any(functions.is_function(value) for value in vars(model).values())
    assert list(functions.own_functions(model)) == ["serve"]


def test_a_loaded_object_has_its_functions(tmp_path):
    tf.saved_model.save(Base(), str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path))
    assert set(functions.own_functions(loaded)) == {"inherited", "overridden", "replaced"}


@pytest.mark.parametrize("obj", [object(), 3, None, [], Base])
def test_other_objects_have_none_that_could_be_called(obj):
    if obj is Base:
        assert functions.own_functions(Base()) != {}
    else:
        assert functions.own_functions(obj) == {}


def test_functions_are_told_from_others():
    derived = Derived()
    assert functions.is_function(derived.inherited)
    assert functions.is_function(derived.concrete)
    assert functions.is_concrete(derived.concrete)
    assert not functions.is_concrete(derived.inherited)
    for other in (derived.overridden, lambda x: x, derived, tf.function, type(derived.inherited)):
        assert not functions.is_function(other)


def test_a_path_is_followed():
    derived = Derived()
    assert functions.resolve("child", derived) is derived.child
    assert functions.resolve("blocks[1].inherited", derived) is derived.blocks[1].inherited
    assert functions.resolve("by_name['a'].replaced", derived) is derived.by_name["a"].replaced


@pytest.mark.parametrize(
    "path", ["nosuch", "child.nosuch", "blocks[2]", "by_name['b']", "child[0]", "blocks['a']"]
)
def test_a_path_that_leads_nowhere_is_a_lookup_error(path):
    with pytest.raises(LookupError, match="no "):
        functions.resolve(path, Derived())


@pytest.mark.parametrize("path", ["child()", "blocks[0:1]", "child + 1", "lambda: 0"])
def test_a_path_that_is_none_is_a_lookup_error(path):
    with pytest.raises(LookupError, match=r"no path such as encoder\.blocks"):
        functions.resolve(path, Derived())


def test_a_class_that_no_module_defines_has_its_functions():
    names = {"tf": tf, "VECTOR": VECTOR}
    exec(  # as tools do that run code of notebooks
        """
class Nowhere(tf.Module):
    @tf.function(input_signature=[VECTOR])
    def serve(self, x):
        return x
""",
        names,
    )
    assert names["Nowhere"].__module__ == "builtins"
    assert list(functions.own_functions(names["Nowhere"]())) == ["serve"]
