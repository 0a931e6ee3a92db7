"""labkit: what the notebooks of the GAN lab course call.

Import what you need from its modules (``from labkit.checks import check``); importing
``labkit`` itself does nothing and costs nothing.
"""

__version__ = "0.1.0"
