"""What findings offer can be typed, and `--strict` stops before anything is lost."""

from __future__ import annotations

import pytest
import tensorflow as tf

import sm_magics
from sm_magics.savedmodel.diagnostics import blocking

SPEC = tf.TensorSpec([None], tf.float32)


class Served(tf.Module):
    @tf.function(input_signature=[SPEC])
    def serve(self, x):
        return x


def codes(obj, *args, **keywords):
    return [found.code for found in sm_magics.check(obj, *args, **keywords)]


def test_sm201_lists_a_flag_for_each_candidate():
    class Two(Served):
        @tf.function
        def loose(self, x):
            return x

        @tf.function(input_signature=[SPEC])
        def other(self, x):
            return x

    two = Two()
    two.loose(tf.zeros([2]))
    (found,) = sm_magics.check(two)
    assert found.code == "SM201"
    for typed in ("-s serve", "-s other", "-s 'loose(x: float32[None])'", "--allow-no-signature"):
        assert typed in found.hint


def test_sm205_an_output_without_a_name():
    class Nested(tf.Module):
        @tf.function(input_signature=[SPEC])
        def serve(self, x):
            return {"a": [x, x]}

    class Flat(tf.Module):
        @tf.function(input_signature=[SPEC])
        def serve(self, x):
            return [x, x]

    assert codes(Nested(), "serve") == ["SM205"]
    assert codes(Flat(), "serve") == []


def test_strict_makes_warnings_stop_an_export(tmp_path):
    out = tmp_path / "out"
    sm_magics.export(Served(), out)
    (out / "mine.txt").write_text("kept?")
    with pytest.raises(sm_magics.ExportError, match="SM502"):
        sm_magics.export(Served(), out, overwrite=True, strict=True)
    assert (out / "mine.txt").exists()
    result = sm_magics.export(Served(), out, overwrite=True)
    assert [f.code for f in result.findings] == ["SM502"]
    assert blocking(result.findings) == []


def test_sm201_offers_only_what_can_be_typed():
    class Two(Served):
        @tf.function(input_signature=[SPEC])
        def other(self, x):
            return x

    two = Two()
    setattr(two, "my function", two.other)
    (found,) = sm_magics.check(two)
    assert "-s other" in found.hint
    assert "my function'" not in found.hint
