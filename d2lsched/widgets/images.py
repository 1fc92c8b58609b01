"""The images that the lab trains on in a page: packed for the book, and for JupyterLab."""

from __future__ import annotations

import base64
import functools
import gzip
import json

from ..data import mnist

TRAIN, VALIDATION = 10_000, 5_000
"""As many as `d2lsched.numpy.train` uses by default."""


@functools.cache
def packed() -> bytes:
    """Labels of training and validation, then pixels of both, as gzipped bytes.

    >>> len(packed()) < 3_000_000
    True
    """
    data = mnist(TRAIN, VALIDATION)
    splits = (data.train, data.validation)
    arrays = [split.labels for split in splits] + [split.images for split in splits]
    return gzip.compress(b"".join(array.tobytes() for array in arrays), mtime=0)


@functools.cache
def script() -> str:
    """The same as a script, which is all that a page from ``file://`` can load."""
    text = base64.b64encode(packed()).decode()
    data = {"train": TRAIN, "validation": VALIDATION, "text": text}
    return f"globalThis.d2lschedImages = {json.dumps(data)};\n"
