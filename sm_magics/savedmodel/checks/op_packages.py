"""Which package brings an op that TensorFlow itself does not have."""

from __future__ import annotations

# Names that packages give all their ops.
_PREFIXES = {
    "TFText>": "tensorflow-text",
    "Text>": "tensorflow-text",
    "Addons>": "tensorflow-addons",
    "IO>": "tensorflow-io",
    "TFRA>": "tensorflow-recommenders-addons",
    "SimpleML": "tensorflow-decision-forests",
    "Sentencepiece": "tensorflow-text",
    "Tfq": "tensorflow-quantum",
    "Horovod": "horovod",
}

# tensorflow-text named its first ops without a prefix.
_TEXT = frozenset(
    {
        *("CaseFoldUTF8", "ConstrainedSequence", "FastBertNormalize", "FindSourceOffsets"),
        *("FastWordpieceTokenizeWithOffsets", "MaxSpanningTree", "NormalizeUTF8"),
        *("NormalizeUTF8WithOffsetsMap", "PhraseTokenize", "RegexSplitWithOffsets", "RougeL"),
        *("SentenceFragments", "SplitMergeTokenizeWithOffsets", "TokenizerFromLogits"),
        *("UnicodeScriptTokenizeWithOffsets", "WhitespaceTokenizeWithOffsets"),
        *("WhitespaceTokenizeWithOffsetsV2", "WordpieceTokenizeWithOffsets"),
    }
)


def package(op: str) -> str | None:
    """Return the package to install for an op; None if it is not known."""
    if op in _TEXT:
        return "tensorflow-text"
    return next((name for prefix, name in _PREFIXES.items() if op.startswith(prefix)), None)
