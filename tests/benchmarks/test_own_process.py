import os

import own_process
import pytest


def test_each_call_has_a_process_of_its_own():
    assert len({os.getpid(), *(own_process.call("os", "getpid") for _ in range(2))}) == 3


def test_a_row_comes_back_as_its_fields():
    row = {"name": "LSTM: way", "ours_ms": "1", "peer": "`peer`", "peer_ms": "2"}
    assert own_process.call("interleaved", "Row", *row.values()) == row


def test_what_a_library_prints_is_no_answer():
    assert own_process.call("builtins", "print", "Saved artifact at 'x'.") is None


def test_a_failure_ends_the_run_with_all_that_was_printed(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("print('half way', flush=True)\nraise ValueError('no more')\n")
    with pytest.raises(SystemExit) as caught:
        own_process.call("runpy", "run_path", str(script))
    said = str(caught.value)
    assert said.startswith(f"runpy run_path {script} ended with 1:\nhalf way\nTraceback")
    assert said.endswith("ValueError: no more\n")


def test_a_process_that_the_machine_ends_fails_the_run_too(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("import os\nprint('half way', flush=True)\nos.kill(os.getpid(), 9)\n")
    with pytest.raises(SystemExit, match="ended with -9:\nhalf way"):
        own_process.call("runpy", "run_path", str(script))


def test_a_function_that_is_not_there_fails_the_run():
    with pytest.raises(SystemExit, match="no attribute 'walk_on'"):
        own_process.call("ways", "walk_on")
