"""The engine: models, signatures, checks, export, verification and inspection. No Jupyter here."""
