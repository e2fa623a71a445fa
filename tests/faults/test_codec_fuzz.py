"""Whatever array comes, a codec ends in a result or in an InputError that says something."""

from __future__ import annotations

import contextlib
import warnings

import numpy as np
import pytest
import torch

from vbanalysis.codecs import (
    WALKS,
    ColormapCodec,
    DepthCodec,
    InstanceCodec,
    NormalCodec,
    PaletteCodec,
    calibrate,
    convert_normals,
    identify_normal_convention,
    identify_walk,
    repair_edges,
)
from vbanalysis.codecs.degradations import Drift, Jpeg, Noise, Resize, Rounding, WebP, chain
from vbanalysis.codecs.instances import estimate_background
from vbanalysis.errors import InputError

SEEDS = range(250)
COLOURS = ["uint8", "uint16", "float16", "float32", "float64"]
OTHERS = [
    "int8",
    "int32",
    "int64",
    "uint32",
    "uint64",
    "bool",
    "complex64",
    "longdouble",
    ">f4",
    ">u2",
    "object",
    "U3",
]
SPECIAL = [
    np.nan,
    -np.nan,
    np.inf,
    -np.inf,
    -0.0,
    1e-45,
    5e-324,
    1e38,
    1e300,
    -1e300,
    -1e-9,
    1 + 1e-9,
    2.0,
    255.0,
]
CITY = {"road": (128, 64, 128), "car": (0, 0, 142), "tree": (107, 142, 35)}

IMAGES = {
    "depth": DepthCodec().decode,
    "depth, strict": DepthCodec(lam=-1.5, c=0.1, walk="KBMRYGCW", max_residual=20, min_margin=50).decode,
    "depth, no unknown": DepthCodec(nan_colour=None).decode,
    "viridis": ColormapCodec("viridis").decode,
    "gray, linear": ColormapCodec("gray", vmin=0, vmax=9).decode,
    "normals": NormalCodec().decode,
    "normals, any length": NormalCodec("opencv", tolerance=None).decode,
    "palette": PaletteCodec(CITY).decode,
    "palette, Lab": PaletteCodec(CITY, space="lab", reject=20).decode,
    "palette report": PaletteCodec(CITY, space="lab").report,
    "instances": InstanceCodec().decode,
    "instances, sensitivity": lambda rgb: InstanceCodec().sensitivity(rgb, (10, 20)),
    "background": estimate_background,
    "walk": identify_walk,
    "convention": identify_normal_convention,
    "calibration": calibrate,
    "edges": lambda rgb: repair_edges(DepthCodec().decode(rgb)),
    "rounding": Rounding(3, truncate=True),
    "jpeg": Jpeg(50),
    "webp": WebP(50),
    "resize": Resize(0.3, "lanczos"),
    "noise": Noise(20),
    "drift": Drift(gain=1.5, offset=-40, gamma=0.5, saturation=2),
    "chain": chain(Noise(3), Jpeg(70), Resize(1.7)),
}
VALUES = {
    **{
        f"depth as {dtype}": lambda a, d=dtype: DepthCodec().encode(a, d)
        for dtype in COLOURS[:2] + COLOURS[3:]
    },
    **{walk: DepthCodec(walk=walk, lam=-1.001, c=1e-30).encode for walk in WALKS},
    "quantization error": DepthCodec().quantization_error,
    "viridis": ColormapCodec("viridis").encode,
    "gray, linear": ColormapCodec("gray", vmin=0, vmax=9, clip=True).encode,
    "normals": NormalCodec("diode").encode,
    "convert": lambda a: convert_normals(a, "paper", "dsine"),
    "palette": PaletteCodec(CITY).encode,
    "instances": InstanceCodec().encode,
}


def hostile(rng: np.random.Generator, channels: bool):
    """An array of a random shape, dtype, layout and content, mostly of the right kind."""
    ndim = int(rng.choice([0, 1, 2, 2, 2, 3, 4]))
    shape = tuple(
        int(n) for n in rng.choice([0, 1, 2, 3, 5, 17, 24], ndim, p=[0.05, 0.1, 0.1, 0.1, 0.15, 0.25, 0.25])
    )
    if channels and rng.random() < 0.9:
        shape += (3,)
    dtype = str(rng.choice(COLOURS if rng.random() < 0.75 else OTHERS))
    content = rng.choice(["unit", "bytes", "wild", "bits", "flat", "walk"])
    values = np.asarray(rng.random(shape)) * (1 if content in ("unit", "walk", "flat") else 255)
    if content == "flat":
        values = np.full(shape, rng.choice([0, 0.5, 128 / 255, 1]))
    elif content == "walk" and shape[-1:] == (3,):
        values = DepthCodec().encode(rng.lognormal(1, 1, shape[:-1]), "float64") * rng.choice([1, 0.9])
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if content == "bits" and np.dtype(dtype).kind in "iufc" and dtype != "longdouble":
            size = int(np.prod(shape)) * np.dtype(dtype).itemsize
            array = np.frombuffer(rng.bytes(size), dtype).reshape(shape).copy()  # signalling NaNs among them
        else:
            whole = np.dtype(dtype).kind in "iu" and content in ("unit", "walk", "flat")
            array = np.asarray(values * 255 if whole else values).astype(dtype)
    if content == "wild" and array.dtype.kind == "f" and array.size:
        with np.errstate(all="ignore"):
            for _ in range(int(rng.integers(1, 4))):
                array.flat[int(rng.integers(array.size))] = rng.choice(SPECIAL)
    if array.ndim > 1 and rng.random() < 0.3:
        array = array[::-1] if rng.random() < 0.5 else array.repeat(2, 0)[::2]
    array = np.asarray(array)
    if rng.random() < 0.2:
        with contextlib.suppress(TypeError, ValueError):  # a dtype that torch has not
            return torch.from_numpy(np.array(array))
    if array.ndim and rng.random() < 0.1:
        array.flags.writeable = False
    return array


def answers(call, array) -> bool:
    """Whether a result came; anything but a result and an InputError that says something fails."""
    message = ""
    try:
        call(array)
    except InputError as error:
        message = str(error)
    assert not message or len(message) > 20
    return not message


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", IMAGES)
def test_any_array_given_as_an_image_ends_in_a_result_or_a_plain_error(name):
    arrays = [hostile(np.random.default_rng(seed), channels=True) for seed in SEEDS]
    assert sum(answers(IMAGES[name], array) for array in arrays) > 10, "errors alone would prove little"


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", VALUES)
def test_any_array_given_as_values_ends_in_a_result_or_a_plain_error(name):
    channels = name in ("normals", "convert")
    arrays = [hostile(np.random.default_rng(seed), channels) for seed in SEEDS]
    assert sum(answers(VALUES[name], array) for array in arrays) > 10


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", [*IMAGES, *VALUES])
@pytest.mark.parametrize(
    "thing",
    [None, 3, "red", [1, 2, 3], {"a": 1}, b"\x00" * 12, object()],
    ids=lambda thing: type(thing).__name__,
)
def test_what_is_no_array_is_a_plain_error(name, thing):
    for call in [table[name] for table in (IMAGES, VALUES) if name in table]:
        with pytest.raises(InputError, match=r"must be|needs"):
            call(thing)
