"""The version of sm_magics: it imports nothing, so that every part can name it."""

__version__ = "0.1.0"
