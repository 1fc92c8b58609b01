"""MNIST: the shipped file is the canonical data, and the loader hands out what it says."""

import hashlib
import struct
from pathlib import Path

import numpy as np
import pytest

from d2lsched import data
from d2lsched.data import DataError, Split, mnist
from d2lsched.data.make_mnist import IDX, read_idx_files, write_npz


def to_idx(array: np.ndarray) -> bytes:
    """The IDX file that holds an array: type, rank, shape, then the bytes."""
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    return header + array.tobytes()


@pytest.fixture(scope="module")
def payloads() -> dict[str, bytes]:
    """The four IDX files, rebuilt from the shipped arrays."""
    with np.load(data.FILE) as archive:
        return {name: to_idx(archive[name]) for name in archive.files}


@pytest.mark.parametrize("name", IDX)
def test_the_shipped_arrays_are_the_canonical_idx_files(payloads, name):
    md5 = hashlib.md5(payloads[name], usedforsecurity=False).hexdigest()
    assert md5 == IDX[name][1]


def test_idx_files_become_an_npz_that_does_not_depend_on_the_clock(tmp_path, payloads):
    for name, (file_name, _) in IDX.items():
        (tmp_path / file_name).write_bytes(payloads[name])
    arrays = read_idx_files(tmp_path)
    small = {name: array[:50] for name, array in arrays.items()}
    write_npz(tmp_path / "one.npz", small)
    write_npz(tmp_path / "two.npz", small)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    with np.load(tmp_path / "one.npz", allow_pickle=False) as archive:
        assert archive.files == list(IDX)
        assert all(np.array_equal(archive[name], small[name]) for name in IDX)


def test_an_altered_idx_file_is_refused(tmp_path, payloads):
    for name, (file_name, _) in IDX.items():
        (tmp_path / file_name).write_bytes(payloads[name])
    altered = tmp_path / IDX["test_labels"][0]
    altered.write_bytes(payloads["test_labels"][:-1] + b"\x07")
    with pytest.raises(
        ValueError, match=r"t10k-labels-idx1-ubyte: MD5 is \w{32}, expected 27ae"
    ):
        read_idx_files(tmp_path)


def test_default_splits():
    digits = mnist()
    with np.load(data.FILE) as archive:
        arrays = dict(archive)
    expected = {
        "train": (arrays["train_images"][:10_000], arrays["train_labels"][:10_000]),
        "validation": (arrays["train_images"][-5_000:], arrays["train_labels"][-5_000:]),
        "test": (arrays["test_images"], arrays["test_labels"]),
    }
    for name, (images, labels) in expected.items():
        split: Split = getattr(digits, name)
        assert split.images.dtype == split.labels.dtype == np.uint8
        assert split.images.shape == (len(split), 28, 28)
        assert np.array_equal(split.images, images)
        assert np.array_equal(split.labels, labels)


def test_all_training_images_can_be_used_and_parts_do_not_overlap():
    digits = mnist(train=55_000, validation=5_000, test=0)
    assert (len(digits.train), len(digits.validation), len(digits.test)) == (55_000, 5_000, 0)
    assert not np.shares_memory(digits.train.images, digits.validation.images)
    whole = mnist(train=60_000, validation=0)
    assert len(whole.validation) == 0
    parts = np.concatenate([digits.train.labels, digits.validation.labels])
    assert np.array_equal(parts, whole.train.labels)


def test_counts_may_be_numpy_integers():
    assert len(mnist(train=np.int64(100)).train) == 100


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({"train": 0}, "train must be an integer from 1 to 60,000, got 0"),
        ({"train": -1}, "train must be .* got -1"),
        ({"train": 60_001}, "train must be .* got 60001"),
        ({"train": 1e4}, "train must be .* got 10000.0"),
        ({"train": "100"}, "train must be .* got '100'"),
        ({"train": True}, "train must be .* got True"),
        ({"validation": -1}, "validation must be an integer from 0 to 50,000 .* got -1"),
        ({"train": 59_000}, "validation must be an integer from 0 to 1,000 .* got 5000"),
        ({"test": -1}, "test must be an integer from 0 to 10,000, got -1"),
        ({"test": 10_001}, "test must be .* got 10001"),
        ({"test": None}, "test must be .* got None"),
    ],
)
def test_bad_counts_are_named(counts, message):
    with pytest.raises(ValueError, match=message):
        mnist(**counts)


def test_a_caller_cannot_spoil_the_shared_arrays():
    for split in (mnist().train, mnist().validation, mnist().test):
        for array in (split.images, split.labels):
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 0
            with pytest.raises(ValueError, match="WRITEABLE"):
                array.flags.writeable = True


def test_the_file_is_read_once(monkeypatch):
    first = mnist()
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("the file was read again"))
    assert np.shares_memory(first.train.images, mnist(train=60_000, validation=0).train.images)


def _truncate(content: bytes) -> bytes:
    return content[:-1]


def _flip_one_bit(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def _empty(_: bytes) -> bytes:
    return b""


@pytest.mark.parametrize("damage", [_truncate, _flip_one_bit, _empty])
def test_a_damaged_file_is_refused(monkeypatch, tmp_path, damage):
    content = damage(data.FILE.read_bytes())
    copy = tmp_path / "mnist.npz"
    copy.write_bytes(content)
    monkeypatch.setattr(data, "FILE", copy)
    with pytest.raises(DataError) as caught:
        mnist()
    message = str(caught.value)
    assert str(copy) in message
    assert data.SHA256 in message
    assert hashlib.sha256(content).hexdigest() in message
    assert "Restore it" in message


def test_a_missing_file_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(data, "FILE", tmp_path / "mnist.npz")
    with pytest.raises(DataError, match="No such file"):
        mnist()


def test_every_image_needs_a_label():
    with pytest.raises(ValueError, match="labels: 2 for 3 images"):
        Split(np.zeros((3, 28, 28), np.uint8), np.zeros(2, np.uint8))


def test_the_readme_beside_the_file_states_its_checksums():
    text = data.FILE.with_name("README.md").read_text(encoding="utf-8")
    assert data.SHA256 in text
    assert all(md5 in text for _, md5 in IDX.values())
