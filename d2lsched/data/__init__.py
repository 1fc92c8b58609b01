"""MNIST, shipped with the package: nothing is ever downloaded.

All 70,000 images lie in ``mnist.npz`` beside this module; ``README.md`` there states where
they come from, and their license.
"""

import functools
import hashlib
import io
import numbers
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["FILE", "MNIST", "SHA256", "DataError", "Split", "mnist"]

Bytes: TypeAlias = npt.NDArray[np.uint8]

#: The file that holds all images, and its checksum.
FILE = Path(__file__).with_name("mnist.npz")
SHA256 = "04264ff3782eb986c503d57b901e2b943c1a26ff3bd26d26606e38e7368df925"

_TRAINING_IMAGES = 60_000
_TEST_IMAGES = 10_000


class DataError(RuntimeError):
    """The data file is missing, truncated or altered."""


@dataclass(frozen=True, eq=False, repr=False)
class Split:
    """Images with their labels.

    images: uint8, n × 28 × 28: 0 is background, 255 is ink.
    labels: uint8, n: the digit that image i shows.
    shared: True for those that `mnist` hands out, which never change.

    ValueError: there are not as many labels as images.
    """

    images: Bytes
    labels: Bytes
    shared: bool = False

    def __post_init__(self) -> None:
        if len(self.images) != len(self.labels):
            raise ValueError(
                f"labels: {len(self.labels)} for {len(self.images)} images; "
                "every image needs one"
            )

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return f"Split({len(self):,} images)"


@dataclass(frozen=True, eq=False)
class MNIST:
    """Three disjoint parts of MNIST: to learn from, to choose by, to report on."""

    train: Split
    validation: Split
    test: Split


def mnist(train: int = 10_000, validation: int = 5_000, test: int = 10_000) -> MNIST:
    """Return MNIST's handwritten digits, cut into three parts.

    The first ``train`` of the 60,000 training images are for training, the *last*
    ``validation`` of them for validation: enlarging one part never changes the other. The
    test images are the first ``test`` of MNIST's own 10,000 (the first 5,000 are the
    cleaner half, so take all of them for a result that is compared with others').

    The arrays are read-only views of one copy held in memory; the first call takes about
    half a second, later calls none.

    train: number of training images, at least 1.
    validation: number of validation images; train + validation ≤ 60,000.
    test: number of test images, at most 10,000.

    ValueError: a count is not an integer or not in its range.
    DataError: the data file is missing, truncated or altered.

    Source: LeCun, Bottou, Bengio and Haffner, Gradient-based learning applied to document
    recognition, Proceedings of the IEEE 86 (1998).

    >>> data = mnist(train=1_000)
    >>> data
    MNIST(train=Split(1,000 images), validation=Split(5,000 images), test=Split(10,000 images))
    >>> data.train.images.shape, data.train.labels[:5].tolist()
    ((1000, 28, 28), [5, 0, 4, 1, 9])
    """
    train = _count("train", train, 1, _TRAINING_IMAGES)
    validation = _count("validation", validation, 0, _TRAINING_IMAGES - train)
    test = _count("test", test, 0, _TEST_IMAGES)
    return _cut(FILE, train, validation, test)


@functools.lru_cache(maxsize=16)
def _cut(path: Path, train: int, validation: int, test: int) -> MNIST:
    arrays, first = _load(path), _TRAINING_IMAGES - validation

    def split(part: str, images: slice) -> Split:
        return Split(arrays[f"{part}_images"][images], arrays[f"{part}_labels"][images], True)

    return MNIST(
        split("train", slice(train)),
        split("train", slice(first, None)),
        split("test", slice(test)),
    )


def _count(name: str, value: int, low: int, high: int) -> int:
    allowed = f"{name} must be an integer from {low:,} to {high:,}"
    if name == "validation":
        allowed += f" (train and validation share {_TRAINING_IMAGES:,} images)"
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not (whole and low <= value <= high):
        raise ValueError(f"{allowed}, got {value!r}")
    return int(value)


@functools.cache
def _load(path: Path) -> dict[str, Bytes]:
    """Return the arrays of the file, checked; read-only, as every caller shares them."""
    content = _checked(path)
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        # A copy owns its memory: only then can no view of it be made writable again.
        arrays: dict[str, Bytes] = {name: archive[name].copy() for name in archive.files}
    for array in arrays.values():
        array.flags.writeable = False
    return arrays


def _checked(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        found = hashlib.sha256(content).hexdigest()
    except OSError as error:
        content, found = b"", f"none ({error.strerror or error})"
    if found != SHA256:
        raise DataError(
            f"{path} is missing or damaged ({len(content):,} bytes).\n"
            f"  expected SHA-256: {SHA256}\n"
            f"  found SHA-256:    {found}\n"
            "Restore it with `git checkout -- d2lsched/data/mnist.npz`, install d2lsched "
            "again, or make it anew (see make_mnist.py beside it)."
        )
    return content
