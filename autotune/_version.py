"""The version, in the one place from which the build, the package and the docs read it."""

__version__ = "0.1.0"
