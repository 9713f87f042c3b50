"""The version, read from here by the build, the package and the docs."""

__version__ = "0.1.0"
