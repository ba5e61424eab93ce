"""SM212: an export that would break clients of the version before says so, and is written."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import sm_magics


def module(*specs, outputs=("y",)):
    class Sum(tf.Module):
        @tf.function(input_signature=list(specs))
        def serve(self, *tensors):
            total = sum(tf.reduce_sum(tf.cast(tensor, tf.float32)) for tensor in tensors)
            return dict.fromkeys(outputs, total)

    return Sum()


def spec(name="x", shape=(None, 3), dtype=tf.float32):
    return tf.TensorSpec(shape, dtype, name=name)


OLD = module(spec())
BREAKING = {
    "renamed input": (module(spec("z")), "input renamed"),
    "new input": (module(spec(), spec("z", [])), "input added"),
    "other dtype": (module(spec(dtype=tf.int32)), "input other dtype"),
    "narrower shape": (module(spec(shape=(1, 3))), "input narrower shape"),
    "renamed output": (module(spec(), outputs=("total",)), "output renamed"),
}
HARMLESS = {
    "the same": module(spec()),
    "wider input": module(spec(shape=(None, None))),
    "new output": module(spec(), outputs=("y", "w")),
}


@pytest.mark.parametrize("case", BREAKING)
def test_sm212_next_to_the_version_before(tmp_path, case):
    new, says = BREAKING[case]
    sm_magics.export(OLD, tmp_path / "m", next_version=True)
    result = sm_magics.export(new, tmp_path / "m", next_version=True)
    (found,) = result.findings
    assert (found.code, found.severity) == ("SM212", "warning")
    assert says in found.message
    assert str(tmp_path / "m" / "1") in found.message
    assert result.path == tmp_path / "m" / "2"


@pytest.mark.parametrize("case", HARMLESS)
def test_sm212_is_silent_where_clients_notice_nothing(tmp_path, case):
    sm_magics.export(OLD, tmp_path / "m", next_version=True)
    result = sm_magics.export(HARMLESS[case], tmp_path / "m", next_version=True)
    assert result.findings == ()


def test_sm212_a_key_that_goes(tmp_path):
    sm_magics.export(OLD, tmp_path / "m", ["serve", "other=serve"])
    result = sm_magics.export(OLD, tmp_path / "m", overwrite=True)
    (found,) = result.findings
    assert "other: signature removed" in found.message


def test_sm212_a_version_by_its_number_is_compared_with_the_one_below(tmp_path):
    sm_magics.export(module(spec("z")), tmp_path / "m" / "9")
    sm_magics.export(OLD, tmp_path / "m" / "2")
    assert sm_magics.export(OLD, tmp_path / "m" / "3").findings == ()
    result = sm_magics.export(OLD, tmp_path / "m" / "10")
    assert [found.code for found in result.findings] == ["SM212"]


def test_sm212_an_empty_directory_stands_for_no_version(tmp_path):
    sm_magics.export(module(spec("z")), tmp_path / "m" / "1")
    (tmp_path / "m" / "2").mkdir()
    result = sm_magics.export(OLD, tmp_path / "m" / "2")
    assert [found.code for found in result.findings] == ["SM212"]
    assert str(tmp_path / "m" / "1") in result.findings[0].message
    (tmp_path / "m" / "3").mkdir()
    assert sm_magics.export(OLD, tmp_path / "m" / "3", overwrite=True).findings == ()


def test_sm212_stops_a_strict_export(tmp_path):
    sm_magics.export(OLD, tmp_path / "m", next_version=True)
    with pytest.raises(sm_magics.ExportError, match="SM212"):
        sm_magics.export(module(spec("z")), tmp_path / "m", next_version=True, strict=True)
    assert [entry.name for entry in (tmp_path / "m").iterdir() if entry.name.isdecimal()] == ["1"]


def test_sm212_other_directories_are_no_versions(tmp_path):
    sm_magics.export(OLD, tmp_path / "first")
    assert sm_magics.export(module(spec("z")), tmp_path / "second").findings == ()


def test_ragged_outputs_are_not_taken_for_others(tmp_path):
    class Ragged(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="x")])
        def serve(self, x):
            return {"words": tf.strings.split(x)}

    sm_magics.export(Ragged(), tmp_path / "m", next_version=True)
    result = sm_magics.export(Ragged(), tmp_path / "m", next_version=True)
    assert "SM212" not in {found.code for found in result.findings}
    loaded = tf.saved_model.load(str(result.path))
    words = loaded.signatures["serving_default"](x=tf.constant(["a b"]))["words"]
    assert np.array_equal(words.to_list(), [[b"a", b"b"]])
