"""The long-run behaviour of SGD on nonconvex functions: a thin numpy library behind the notebooks."""

__version__ = "0.1.0"
