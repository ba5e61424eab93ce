"""Code is followed to what it reads, however it gets there; each case says what is told of it."""

import functools
import sys
import types

import keras
import pytest
import tensorflow as tf

from sm_magics.savedmodel import unchanged

FACTOR = 2.0
package = types.ModuleType("package_of_theirs")
inner = types.ModuleType("package_of_theirs.inner")
package.inner = inner
inner.settings = types.SimpleNamespace(scale=1.0)


@pytest.fixture(autouse=True)
def put_back(monkeypatch):
    monkeypatch.setitem(globals(), "FACTOR", 2.0)
    monkeypatch.setitem(sys.modules, package.__name__, package)
    monkeypatch.setitem(sys.modules, inner.__name__, inner)
    monkeypatch.setattr(inner.settings, "scale", 1.0)


def module(function):
    found = tf.Module()
    found.f = function
    return found


def factor_changes(_=None):
    globals()["FACTOR"] = 3.0


def scale_changes(_=None):
    inner.settings.scale = 2.0


def plain(x):
    return x


def imports(x):
    from package_of_theirs.inner import settings

    return x * settings.scale


def comprehends(x):
    return [one * FACTOR for one in (x,)]


def nests(x):
    def deeper(one):
        return one * FACTOR

    return deeper(x)


@tf.custom_gradient
def own_gradient(x):
    def gradient(upstream):
        return upstream * FACTOR

    return x, gradient


class Hooked:
    def __getattr__(self, name):
        return FACTOR


class Properties:
    step = 1.0

    @property
    def value(self):
        return self.deeper()

    def deeper(self):
        return FACTOR * self.step


class Base(keras.layers.Layer):
    def call(self, x):
        return x


class Derived(Base):
    def call(self, x):
        return super().call(x) * 2


def decorated():
    def decorate(function):
        @functools.wraps(function)
        def wrapper(x):
            return function(x) * wrapper.times

        wrapper.times = 1.0
        return wrapper

    return module(decorate(plain))


def scaled_by(settings):
    return lambda x: x * settings.scale


def model(*layers):
    return keras.Sequential([keras.Input((4,)), *layers])


def of(value):
    return lambda: module(value)


def compiled(**options):
    return lambda: module(tf.function(plain, **options))


def put(**fields):
    def change(found):
        for name, value in fields.items():
            setattr(found, name, value)

    return change


CASES = {
    "model.f._jit_compile: None -> True": (
        compiled(),
        put(f=tf.function(plain, jit_compile=True)),
    ),
    "model.f._autograph: True -> False": (compiled(), put(f=tf.function(plain, autograph=False))),
    "model.f.times: 1.0 -> 2.0": (decorated, lambda found: put(times=2.0)(found.f)),
    "model.f._python_function.own_gradient._f.FACTOR: 2.0 -> 3.0": (
        lambda: module(tf.function(lambda x: own_gradient(x))),  # noqa: PLW0108, to be followed
        factor_changes,
    ),
    "model.f.settings.scale: 1.0 -> 2.0": (
        lambda: module(scaled_by(inner.settings)),
        scale_changes,
    ),
    "model.f.package.inner.settings.scale: 1.0 -> 2.0": (
        of(lambda x: x * package.inner.settings.scale),
        scale_changes,
    ),
    "model.f.package_of_theirs.inner.settings.scale: 1.0 -> 2.0": (of(imports), scale_changes),
    "model.f.FACTOR: 2.0 -> 3.0": (of(nests), factor_changes),
    "model.f[0].FACTOR: 2.0 -> 3.0": (of([comprehends]), factor_changes),
    "model.f.__class__.__getattr__.FACTOR: 2.0 -> 3.0": (of(Hooked()), factor_changes),
    "model.f.__class__.deeper.FACTOR: 2.0 -> 3.0": (of(Properties()), factor_changes),
    "model.layers[1].activity_regularizer: None -> 'l2'": (
        lambda: model(keras.layers.ReLU()),
        lambda found: put(activity_regularizer="l2")(found.layers[0]),
    ),
}


@pytest.mark.parametrize("told", CASES)
def test_it_is_told(told):
    make, change = CASES[told]
    found = make()
    before = unchanged.look(found)
    assert (before.reason, before == unchanged.look(found)) == ("", True)
    change(found)
    after = unchanged.look(found)
    assert before != after
    assert before.difference(after).startswith(told)


def test_a_changed_input_signature_is_seen():
    one, two = (
        module(tf.function(plain, input_signature=[tf.TensorSpec([size])])) for size in (2, 3)
    )
    assert unchanged.look(one) != unchanged.look(two)


def test_a_base_class_that_is_patched_is_seen(monkeypatch):
    found = model(Derived())
    before = unchanged.look(found)
    monkeypatch.setattr(Base, "call", lambda _, x: -x)
    assert before.difference(unchanged.look(found)).endswith("call.code: code -> another code")


def test_what_an_earlier_patch_of_a_library_reads_is_seen(monkeypatch):
    original = keras.layers.Dense.call

    def patched(self, x, **options):
        return original(self, x, **options) * FACTOR

    monkeypatch.setattr(keras.layers.Dense, "call", patched)
    found = model(keras.layers.Dense(3))
    before = unchanged.look(found)
    factor_changes()
    assert before.difference(unchanged.look(found)).endswith("FACTOR: 2.0 -> 3.0")


def test_a_patched_function_of_a_library_that_code_names_is_seen(monkeypatch):
    found = module(lambda x: tf.nn.relu(x))  # noqa: PLW0108, what is to be followed
    before = unchanged.look(found)
    monkeypatch.setattr(tf.nn, "relu", tf.nn.elu)
    assert before != unchanged.look(found)


def test_a_device_scope_is_seen():
    found = module(plain)
    before = unchanged.look(found)
    with tf.device("/CPU:0"):
        assert before != unchanged.look(found)


def test_a_class_of_code_without_a_module_is_the_authors():
    names = {"BY": 1.0}
    exec("class Made:\n    def call(self, x):\n        return x * BY", names)
    found = module(names["Made"]())
    before = unchanged.look(found)
    names["BY"] = 2.0
    assert before.difference(unchanged.look(found)) == "model.f.__class__.call.BY: 1.0 -> 2.0"


def test_a_method_of_a_library_that_is_another_of_the_librarys_is_seen(monkeypatch):
    found = model(keras.layers.Dense(3))
    before = unchanged.look(found)
    monkeypatch.setattr(keras.layers.Dense, "call", keras.layers.EinsumDense.call)
    assert before != unchanged.look(found)


def test_a_variable_that_is_no_longer_trained_is_seen():
    found = module(plain)
    found.variable = tf.Variable(1.0)
    before = unchanged.look(found)
    found.variable._trainable = False
    assert before != unchanged.look(found)
