"""The kernel's end of the JupyterLab sidebar: what it is told, asked, and answers."""

VERSION = 1
"""Of the messages: a change that an older end would misread takes another one."""
TARGET_NAME = "sm_magics"
"""The comm's target: by it a front end finds the comm that the kernel has registered."""
