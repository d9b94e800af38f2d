"""generate-media: make pictures and clips with remote models, once, and keep them."""

__version__ = "1.0.0"
