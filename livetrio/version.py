"""The version, in the one place that packaging, --version and the client's User-Agent read it from."""

__version__ = "0.1.0"
