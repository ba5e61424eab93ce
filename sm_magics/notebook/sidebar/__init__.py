"""The kernel's end of the JupyterLab sidebar: what it is told, asked, and answers."""
