"""Run a SavedModel with OpenVINO alone: ``python answer_with_openvino.py READER DIR IN OUT``.

READER is ``read_model`` or ``convert_model``; IN is the .npz file with an array for each input, OUT
the one that is written, with an array for each output.
"""

import sys


def answer(reader: str, directory: str, inputs: str, outputs: str) -> None:
    # Where the package that sends usage data is missing, OpenVINO puts a stub in its place.
    sys.modules["openvino_telemetry"] = None
    import numpy as np
    import openvino

    core = openvino.Core()
    read = {"read_model": core.read_model, "convert_model": openvino.convert_model}[reader]
    # OpenVINO computes in bfloat16 where the processor can, and answers with three digits.
    compiled = core.compile_model(read(directory), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    answers = compiled(dict(np.load(inputs)))
    np.savez(outputs, **{output.any_name: value for output, value in answers.items()})
    if "tensorflow" in sys.modules:
        sys.exit("TensorFlow was imported: OpenVINO did not read it alone")


if __name__ == "__main__":
    answer(*sys.argv[1:])
