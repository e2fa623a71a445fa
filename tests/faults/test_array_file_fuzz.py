"""Flipped bytes in array files: an array, or one clear line, and never the end of the process."""

import h5py
import numpy as np
import pytest
import scipy.io
from PIL import Image

from vbanalysis.datasets._files import read_npy
from vbanalysis.datasets._hdf5 import hdf5_array, hdf5_texts, open_hdf5
from vbanalysis.datasets._mat import read_mat
from vbanalysis.errors import VbanalysisError
from vbanalysis.images import read_uint16

DEPTH = np.random.default_rng(0).random((20, 30)).astype(np.float32)


def write_mat(path, packed=False):
    scipy.io.savemat(path, {"data": {"depth": DEPTH, "mask": DEPTH > 0.5}}, do_compression=packed)


def write_hdf5(path):
    with h5py.File(path, "w", userblock_size=512) as file:
        file["plain"] = np.stack([DEPTH] * 3)
        file.create_dataset("packed", data=np.stack([DEPTH] * 3), chunks=(1, 20, 30), compression="gzip")
        cell = file.create_dataset("#refs#/a", data=np.array([[97], [98]], np.uint16))
        file["texts"] = np.array([[cell.ref]], h5py.ref_dtype)


def read_hdf5(path):
    with open_hdf5(path) as file:
        for name in ("plain", "packed"):
            hdf5_array(file, name, "f", (None, 20, 30), place=1)
        hdf5_texts(file, "texts")


KINDS = {
    "mat": (write_mat, lambda path: read_mat(path, "data")),
    "packed mat": (lambda path: write_mat(path, packed=True), lambda path: read_mat(path, "data")),
    "hdf5": (write_hdf5, read_hdf5),
    "npy": (lambda path: np.save(path.open("wb"), DEPTH), lambda path: read_npy(path, "f", (20, 30))),
    "png": (lambda path: Image.fromarray((DEPTH * 9999).astype(np.uint16)).save(path, "PNG"), read_uint16),
}


@pytest.mark.parametrize("kind", KINDS)
def test_flipped_bytes_are_an_array_or_one_line(tmp_path, kind):
    write, read = KINDS[kind]
    path = tmp_path / "x.bin"
    write(path)
    whole = path.read_bytes()
    read(path)
    rng = np.random.default_rng(1)
    messages = []
    for number in range(200):
        data = bytearray(whole)
        reach = len(data) if number % 2 else min(len(data), 400)
        for _ in range(rng.integers(1, 6)):
            data[rng.integers(reach)] = rng.integers(256)
        path.write_bytes(data)
        try:
            read(path)
        except VbanalysisError as error:
            messages.append(str(error))
    assert len(messages) > 10
    assert all("x.bin" in message and "\n" not in message for message in messages)
