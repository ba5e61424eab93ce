"""What is told of texts that are being typed, without running anything of the author's."""

from __future__ import annotations

import subprocess
import sys

import keras
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from sm_magics.savedmodel import planning, proofreading
from sm_magics.savedmodel.diagnostics import ExportError
from sm_magics.savedmodel.options import OPTIONS
from sm_magics.savedmodel.request import request
from sm_magics.savedmodel.signatures import Spec

SPEC = tf.TensorSpec([None], tf.float32, name="x")


class Plain(tf.Module):
    @tf.function(input_signature=[SPEC])
    def serve(self, x):
        return x

    @tf.function
    def raw(self, pixels, scale=1.0):
        return pixels * scale

    @property
    def trap(self):
        raise AssertionError("a property was evaluated")

    def method(self, x):
        return x


class Holder(tf.Module):
    def __init__(self):
        super().__init__()
        self.part = Plain()
        self.parts = {"a": Plain()}
        self.net = keras.Sequential([keras.Input([3]), keras.layers.Dense(2)])


class Unbuilt(keras.Model):
    def call(self, pixels):
        return pixels


def said(text, obj=None, namespace=None, inputs=()):
    (one,) = proofreading.signatures([text], obj, namespace or {}, inputs)
    return one


@pytest.mark.parametrize(
    "text",
    [
        *("serve", "a=serve", "serve(x: float32[None])", "raw(pixels: float32[None])"),
        *("raw(a: float32[None])", "raw(pixels: float32[None], scale: float32[])"),
    ],
)
def test_what_is_right(text):
    assert said(text, Plain()) == ""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "names no function"),
        ("serve(", "lacks the closing parenthesis"),
        ("serve(x: float[3])", "is no dtype"),
        ("=serve", "has no key before '='"),
        ("__saved_model_init_op=serve", "can't be the key of a signature"),
        ("serve(_x: float32[None])", "can't be the name of an input"),
        ("raw(a: float32[], A: float32[])", "differ in case alone"),
        ("nothing", "is no tf.function of the Plain; there is serve, raw"),
        ("method", "is no tf.function of the Plain; there is serve, raw"),
        ("serve(x: int32[None])", "input_signature says"),
        ("raw(a: float32[], b: float32[], c: float32[])", "too many positional arguments"),
        ("raw", "does not say what it takes; type raw(pixels: float32[None])"),
    ],
)
def test_what_is_wrong(text, says):
    module = Plain()
    assert says in said(text, module)
    assert module.serve.experimental_get_tracing_count() == 0
    assert module.raw.experimental_get_tracing_count() == 0


def test_without_an_object_only_the_text_is_judged():
    assert said("nothing") == ""
    assert "lacks the closing" in said("nothing(")
    assert "can't be the name" in said("nothing(_x: float32[])")


def test_a_key_is_taken_once():
    texts = ["serve", "a=serve", "serve", "a=serve", "serving_default=serve"]
    found = proofreading.signatures(texts, Plain(), {})
    assert [bool(one) for one in found] == [False, False, True, True, True]
    assert "two signatures are called 'serving_default'" in found[2]


def test_inputs_hold_for_a_text_without_specs():
    assert said("raw", Plain(), inputs=["pixels: float32[None]"]) == ""
    assert "too many" in said("raw", Plain(), inputs=["a: int32[], b: int32[]", "c: int32[]"])
    assert "type raw(" in said("raw", Plain(), inputs=["unreadable"])


def test_a_trace_tells_what_to_type():
    module = Plain()
    module.raw(tf.ones([2, 3]))
    assert "type raw(pixels: float32[None, 3])" in said("raw", module)
    assert module.raw.experimental_get_tracing_count() == 1


def test_no_property_is_evaluated():
    assert said("trap", Plain()) == ""
    assert said("trap.deeper", Plain()) == ""
    assert proofreading.functions(Plain()) == ["serve", "raw"]
    assert proofreading.proposal("trap", Plain(), {}) is None
    assert proofreading.option("function_aliases", {"a": "trap"}, {}, Plain(), {}) == ""


def test_no_getattr_of_the_author_is_called():
    asked = []

    class Lazy(tf.Module):
        def __getattr__(self, name):
            asked.append(name)
            raise AttributeError(name)

    lazy = Lazy()
    assert said("anything", lazy) == ""
    assert "anything" not in asked


def test_names_of_the_notebook_and_paths_within():
    holder, plain = Holder(), Plain()
    assert said("plain.serve", tf.Module(), {"plain": plain}) == ""
    for path in ("part.serve", "parts['a'].serve", "net", "net.call"):
        assert said(path, holder) == "", path
    assert "is no tf.function" in said("parts['b'].serve", holder)
    function = tf.function(lambda x: x)
    assert "does not say what it takes" in said("f", function, {"f": function})


def test_keras_models():
    assert said("call", Holder().net) == ""
    assert "does not take" in said("call(a: float32[None, 3], b: float32[None])", Holder().net)
    assert "type call(pixels: float32[None, 4])" in said("call", Unbuilt())
    assert said("call(pixels: float32[None, 4])", Unbuilt()) == ""
    model = Unbuilt()
    model(tf.ones([1, 2]))
    assert said("call", model) == ""


def test_functions_come_likeliest_first():
    assert proofreading.functions(Holder()) == [
        *("part.serve", "part.raw", "parts['a'].serve", "parts['a'].raw", "net"),
    ]
    assert proofreading.functions(Unbuilt()) == ["call"]
    assert proofreading.functions(keras.layers.Dense(2)) == ["call"]
    function = tf.function(lambda x: x)
    assert proofreading.functions(function, ["f", "g"]) == ["f"]
    assert proofreading.functions(function) == []
    for path in proofreading.functions(Holder()):
        assert "is no tf.function" not in said(path, Holder())


def test_a_function_that_a_text_can_not_name_is_left_out():
    module = Plain()
    setattr(module, "my function", module.serve)
    assert proofreading.functions(module) == ["serve", "raw"]


def test_proposals():
    assert proofreading.proposal("raw", Plain(), {}) == (Spec("pixels", "float32", (None,)),)
    assert proofreading.proposal("serve", Plain(), {}) is None
    assert proofreading.proposal("nothing", Plain(), {}) is None
    assert proofreading.proposal("(", Plain(), {}) is None
    assert proofreading.proposal("call", Unbuilt(), {}) == (Spec("pixels", "float32", (None, 4)),)
    assert proofreading.proposal("call", Holder().net, {}) is None


def test_inputs():
    texts = [
        "x: float32[3], y: int32[]",
        "what",
        "x: int32[]",
        "Y: int32[]",
        "_z: int32[]",
        "z: int8[]",
    ]
    found = proofreading.inputs(texts)
    assert found[0] == found[5] == ""
    assert "can't read" in found[1]
    assert "'x' already" in found[2]
    assert "differ in case alone" in found[3]
    assert "can't be the name" in found[4]


WRONG = {
    "signatures": (["serve("], {}, "lacks the closing"),
    "inputs": (["x"], {}, "can't read"),
    "allow_no_signature": ("yes", {}, "is True or False"),
    "flatten": ("yes", {}, "is True or False"),
    "batch": ("some", {}, "batch is one of"),
    "with_optimizer": ("yes", {}, "is True or False"),
    "overwrite": (True, {"overwrite": True, "next_version": True}, "leave overwrite out"),
    "next_version": (True, {"overwrite": True, "next_version": True}, "leave overwrite out"),
    "target": ("moon", {}, "target is one of"),
    "writer": ("slow", {}, "writer is one of"),
    "consumer": ("1.0", {}, "no op table"),
    "fix": (["consumer"], {}, "needs the release"),
    "verify": ("serving", {"no_verify": True}, "leave one out"),
    "no_verify": (True, {"verify": "serving"}, "leave one out"),
    "select": (["X"], {}, "select takes codes"),
    "ignore": (["SM5", "SM9"], {}, "no finding's code begins with SM9"),
    "strict": ("yes", {}, "is True or False"),
    "namespace_whitelist": ("Addons", {}, "takes a list"),
    "save_debug_info": ("yes", {}, "is True or False"),
    "function_aliases": ({"a": "nothing"}, {}, "is no tf.function of the Plain"),
    "experimental_debug_stripper": ("yes", {}, "is True or False"),
    "experimental_io_device": ("/device:GPU:99", {}, "is no device here"),
    "experimental_variable_policy": ("all", {}, "is one of"),
    "experimental_custom_gradients": ("yes", {}, "is True or False"),
    "experimental_image_format": (True, {}, "can't be used"),
    "experimental_skip_saver": ("yes", {}, "is True or False"),
    "experimental_sharding_callback": ("big", {}, "is not a size"),
    "extra_tags": (["serve"], {}, "which every export has"),
}
RIGHT = {
    "signatures": ["serve"],
    "inputs": ["x: float32[3]"],
    "batch": "free",
    "target": "gpu",
    "consumer": "2.12",
    "fix": ["cudnn"],
    "verify": "process",
    "writer": "tensorflow",
    "select": ["SM2"],
    "ignore": ["SM502"],
    "namespace_whitelist": ["Addons"],
    "function_aliases": {"a": "serve"},
    "experimental_io_device": "/CPU:0",
    "experimental_variable_policy": "none",
    "experimental_sharding_callback": "512MB",
    "extra_tags": ["gpu"],
    "experimental_image_format": False,
    "sample": "batch",
}


@pytest.mark.parametrize("row", OPTIONS, ids=lambda row: row.name)
def test_each_option(row):
    right = RIGHT.get(row.name, True)
    assert proofreading.option(row.name, right, {row.name: right}, Plain(), {}) == ""
    for empty in (None, "", [], {}):
        assert proofreading.option(row.name, empty, {row.name: empty}, Plain(), {}) == ""
    if row.name != "sample":
        value, others, says = WRONG[row.name]
        assert says in proofreading.option(row.name, value, {**others, row.name: value}, Plain())


def test_what_only_the_authors_code_tells_counts_as_right():
    class Odd(tf.Module):
        made = classmethod(tf.function(lambda _cls, x: {"y": x}))

    class Dynamic(tf.Module):
        def __getattribute__(self, name):
            if name == "made":
                raise AssertionError("the author's code was run")
            return super().__getattribute__(name)

    for obj in (Odd(), Dynamic()):
        assert proofreading.signatures(["made(x: float32[3])"], obj, {}) == [""]


def test_what_is_no_python_names_nothing():
    for path in (" A", "a.b" * 5000, "\n"):
        assert proofreading.option("function_aliases", {"k": path}, {}, Plain(), {})


def test_an_option_that_nobody_knows():
    with pytest.raises(KeyError):
        proofreading.option("nothing", "x", {})


def test_no_tensorflow_is_imported():
    code = (
        "import sys; from sm_magics.savedmodel import proofreading as p\n"
        "assert p.signatures(['serve(x: float32[3])'], None, {}) == ['']\n"
        "for n, v in [('experimental_io_device', '/GPU:9'), ('extra_tags', ['a']),\n"
        "    ('experimental_sharding_callback', 'device'), ('consumer', '2.12')]:\n"
        "    assert p.option(n, v, {n: v}) == '', n\n"
        "assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


NEARLY = st.lists(
    st.sampled_from(
        [
            *("serve", "raw", "trap", "method", "x", "pixels", "scale", "a", "part", "float32"),
            *("(", ")", "[", "]", "[None]", ": float32[None]", ": int32[]", ",", "=", ".", " "),
            *("raw(pixels: float32[None])", "serve(x: float32[None])", "k=", "'", "0", "\0"),
        ]
    ),
    max_size=6,
).map("".join)


@settings(deadline=None, max_examples=60)
@given(st.lists(NEARLY | st.text(max_size=10), max_size=4))
def test_an_answer_for_each_text_and_what_is_right_is_planned(texts):
    module = Plain()
    found = proofreading.signatures(texts, module, {})
    assert len(found) == len(texts)
    assert all(isinstance(one, str) for one in found)
    assert module.serve.experimental_get_tracing_count() == 0
    right = [t for t, one in zip(texts, found, strict=True) if not one and "trap" not in t]
    try:
        planning.check(request(module, signatures=right or None, verify=False))
    except ExportError as error:
        pytest.fail(str(error))
