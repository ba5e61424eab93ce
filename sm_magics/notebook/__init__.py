"""The faces: magics, completion and rendering in Jupyter and IPython. No TensorFlow here."""
