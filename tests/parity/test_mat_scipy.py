"""Oracle: scipy.io, which writes the files and reads them back."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.io

from vbanalysis.datasets._mat import read_mat

DTYPES = ["f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "?"]


def some_array(rng):
    shape = tuple(rng.integers(0, 6, rng.integers(2, 5)))
    dtype = np.dtype(rng.choice(DTYPES))
    if dtype.kind == "f":
        return np.where(rng.random(shape) < 0.2, np.nan, rng.normal(size=shape)).astype(dtype)
    return rng.integers(0, 2 if dtype.kind == "b" else 120, shape).astype(dtype)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("seed", range(40))
def test_what_scipy_writes_reads_back_as_scipy_reads_it(tmp_path, seed, packed):
    rng = np.random.default_rng(seed)
    written = {f"v{k}": some_array(rng) for k in range(rng.integers(1, 5))}
    fields = {f"a_field_{k}": some_array(rng) for k in range(rng.integers(1, 7))}
    written |= {
        "data": {**fields, "inner": {"depth": some_array(rng)}, "note": "Küche"},
        "text": "x" * int(seed),
    }
    written["cell"] = np.array(["a", 3.0], object)
    path = tmp_path / "x.mat"
    scipy.io.savemat(path, written, do_compression=packed)
    expected = scipy.io.loadmat(path)
    found = read_mat(path, *written)
    for name in written:
        if name.startswith("v"):
            assert found[name].dtype == (bool if written[name].dtype == bool else expected[name].dtype)
            np.testing.assert_array_equal(found[name], expected[name])
    struct = expected["data"][0, 0]
    for name in fields:
        np.testing.assert_array_equal(found["data"][name], struct[name])
    np.testing.assert_array_equal(found["data"]["inner"]["depth"], struct["inner"][0, 0]["depth"])
    assert found["data"]["note"] == struct["note"][0] == "Küche"
    assert found["text"] == "".join(expected["text"].ravel())
    assert found["cell"] is None
