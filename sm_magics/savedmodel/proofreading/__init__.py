"""What is wrong with what a person is typing, field by field; empty where it is right.

Quick and without effects: nothing is traced, no property of the author's is evaluated, and
TensorFlow is not imported. What only running something would tell is taken for right.
"""

from __future__ import annotations

from sm_magics.savedmodel.proofreading.fields import option
from sm_magics.savedmodel.proofreading.offers import functions, proposal
from sm_magics.savedmodel.proofreading.serving import inputs, signatures

__all__ = ["functions", "inputs", "option", "proposal", "signatures"]
