"""The codec explorer without a view: depth, painted, spoilt and read again, as fast as a slider moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from vbanalysis.codecs import DepthCodec, identify_walk
from vbanalysis.codecs.degradations import Degradation, Drift, Jpeg, Noise, Resize, Subsampling
from vbanalysis.codecs.inspection import walk_to_decode
from vbanalysis.errors import InputError
from vbanalysis.metrics import depth_metrics
from vbanalysis.widgets.inspected import (
    depth_limits,
    depth_map,
    opened,
    painted_picture,
    relative_error,
    thinned,
)

CAP_M = (1e-3, 1e3)
"""Depths that the figures compare, in metres; infinite ones count as the upper end."""

RESIDUAL_BINS = np.arange(0, 65, 2)
"""Edges in /255; the last bin holds all beyond."""

_DEPTH_BINS = 14


@dataclass(frozen=True)
class CodecSettings:
    """What can be set: the code, then what spoils the colours, in this order.

    Attributes:
        lam: Of the power curve, below -1.
        c: Of the power curve, metres.
        walk: One of `WALKS`.
        noise: Standard deviation in /255; 0 for none.
        gain: Of a drift of all colours, 1 for none.
        offset: In /255.
        gamma: 1 for none.
        saturation: 1 for none.
        scale: Colours resized by this and back; 1 for none.
        quality: Of JPEG, 1 to 100; None for none.
        chroma: Of JPEG.
        seed: Of the noise.
    """

    lam: float = -3.0
    c: float = 10 / 3
    walk: str = "KRYGCBMW"
    noise: float = 0.0
    gain: float = 1.0
    offset: float = 0.0
    gamma: float = 1.0
    saturation: float = 1.0
    scale: float = 1.0
    quality: int | None = 90
    chroma: Subsampling = "4:2:0"
    seed: int = 0

    @property
    def codec(self) -> DepthCodec:
        """The code.

        Raises:
            InputError: A setting of it is out of its range.
        """
        return DepthCodec(self.lam, self.c, self.walk)

    def steps(self) -> tuple[Degradation, ...]:
        """What spoils the colours; steps that do nothing are left out.

        Raises:
            InputError: A setting is out of its range.
        """
        drift = Drift(self.gain, self.offset, self.gamma, self.saturation)
        noise, resize = Noise(self.noise, self.seed), Resize(self.scale)
        jpeg = None if self.quality is None else Jpeg(self.quality, self.chroma)
        kept = (
            noise if self.noise else None,
            drift if drift != Drift() else None,
            resize if self.scale != 1 else None,
            jpeg,
        )
        return tuple(step for step in kept if step is not None)


class ErrorByDepth(NamedTuple):
    """Relative error over depth, in bins that are equally wide on a logarithmic scale.

    Attributes:
        depth_m: (n,) middles of the bins, metres.
        median: (n,) of the relative error; inf where half is not read, NaN in an empty bin.
        p90: (n,) its 90th percentile.
        rounding: (n,) the most that 8 bits alone can cause at the middle.
        n: (n,) pixels.
    """

    depth_m: np.ndarray
    median: np.ndarray
    p90: np.ndarray
    rounding: np.ndarray
    n: np.ndarray


@dataclass(frozen=True, eq=False)
class CodecReading:
    """What came of one setting.

    Attributes:
        settings: It.
        rgb: (H, W, 3) uint8, the colours as they are decoded.
        depth_m: (H, W) metres, decoded.
        error: (H, W) relative error; NaN where the truth is not known, inf where a known depth is not read.
        by_depth: The error by true depth.
        residual: Share of the pixels in each of `RESIDUAL_BINS` by their distance to the code, without those
            whose truth is not known.
        figures: `absrel`, `delta1` (cap `CAP_M`), `median` and `p90` of the error, and `unread`, the share of
            known depths that are read as none or as infinite.
    """

    settings: CodecSettings
    rgb: np.ndarray
    depth_m: np.ndarray
    error: np.ndarray
    by_depth: ErrorByDepth
    residual: np.ndarray
    figures: Mapping[str, float]


class CodecExplorer:
    """Reads one source under any settings; what did not change since the last reading is not done again.

    Args:
        depth_m: (H, W) metres, the truth; NaN is unknown. It is painted.
        picture: (H, W, 3) uint8, in its place: a picture of depth that somebody painted. It is compared with
            what is read from it unspoilt.

    Attributes:
        depth_m: (H, W) float32 metres, or None.
        picture: (H, W, 3) uint8, or None.
        doubt: Why the picture is not seen to hold depth, in words; empty where it is, and for depth.
        begin: The settings to begin with, of which the walk is that of the picture.

    Raises:
        InputError: None or both are given, or the one is of another form.
    """

    def __init__(self, depth_m: np.ndarray | None = None, picture: np.ndarray | None = None) -> None:
        if (depth_m is None) == (picture is None):
            raise InputError("give depth_m or picture: one of them")
        self.depth_m = None if depth_m is None else thinned(depth_map(depth_m)).values
        self.picture = None if picture is None else thinned(painted_picture(picture)).values
        self.doubt, self.begin = "", CodecSettings()
        if self.picture is not None:
            found = identify_walk(self.picture)
            walk = walk_to_decode(found)
            if walk is None:
                self.doubt = f"the picture is not seen to hold depth ({found.message}): this means little"
            else:
                self.begin = replace(self.begin, walk=walk)
        self._code: tuple[DepthCodec, np.ndarray, np.ndarray] | None = None
        self._spoilt: list[tuple[Degradation, np.ndarray]] = []
        self._bins_of: tuple[np.ndarray, _Bins] | None = None

    @classmethod
    def of(cls, source: Any = "motorcycle") -> CodecExplorer:
        """An explorer of a sample with depth, of an array, or of the first sample of a data set.

        Args:
            source: A spec string such as `"motorcycle"`, a `Sample`, (H, W) metres, (H, W, 3) uint8, or
                the path of a picture.

        Raises:
            InputError: It is of another form, or the sample has neither depth nor an output.
            VbanalysisError: The data set cannot be loaded.
        """
        from vbanalysis import plugins
        from vbanalysis.datasets import DataSet
        from vbanalysis.types import Sample

        source = opened(source)
        if isinstance(source, str):
            source = plugins.load("datasets", source, DataSet)[0]  # type: ignore[call-overload]
        if isinstance(source, Sample):
            if source.depth_m is not None:
                return cls(depth_m=source.depth_m)
            if source.output is not None:
                return cls(picture=source.output)
            raise InputError(f"sample {source.id} has neither depth nor an output: choose another one")
        if isinstance(source, np.ndarray) and source.ndim == 3:
            return cls(picture=source)
        if not isinstance(source, np.ndarray):
            raise InputError(
                "source must be a spec string, the path of a picture, a Sample, (H, W) metres or "
                f"an (H, W, 3) uint8 picture, got {type(source).__name__}"
            )
        return cls(depth_m=source)

    def read(self, settings: CodecSettings | None = None) -> CodecReading:
        """Paint, spoil, decode, compare.

        Args:
            settings: Those of `begin` unless given.

        Raises:
            InputError: A setting is out of its range.
        """
        settings = settings or self.begin
        codec, steps = settings.codec, settings.steps()
        painted, truth = self._painted(codec)
        rgb = self._through(painted, steps)
        result = codec.decode(rgb)
        error = relative_error(result.depth_m, truth)
        bins = self._bins(truth)
        known = error[np.isfinite(truth)]
        median, p90 = _quantiles(known, 0.5, 0.9)
        scores = depth_metrics(result.depth_m, truth, cap_m=CAP_M)
        figures = {
            "absrel": scores.absrel,
            "delta1": scores.delta1,
            "median": median,
            "p90": p90,
            "unread": float(np.mean(np.isinf(known))) if known.size else float("nan"),
        }
        return CodecReading(
            settings,
            rgb,
            result.depth_m,
            error,
            bins.errors(error, codec),
            _shares(result.residual[~np.isnan(truth)]),
            figures,
        )

    def _painted(self, codec: DepthCodec) -> tuple[np.ndarray, np.ndarray]:
        """The colours before they are spoilt, and the truth."""
        if self._code is None or self._code[0] != codec:
            if self.depth_m is not None:
                rgb, truth = codec.encode(self.depth_m), self.depth_m
            else:
                assert self.picture is not None
                rgb, truth = self.picture, codec.decode(self.picture).depth_m
            self._code, self._spoilt = (codec, rgb, truth), []
        return self._code[1:]

    def _through(self, rgb: np.ndarray, steps: tuple[Degradation, ...]) -> np.ndarray:
        """The colours after the steps; what comes before the first that changed is kept from last time."""
        same = 0
        while same < min(len(steps), len(self._spoilt)) and steps[same] == self._spoilt[same][0]:
            same += 1
        del self._spoilt[same:]
        for step in steps[same:]:
            self._spoilt.append((step, step(self._spoilt[-1][1] if self._spoilt else rgb)))
        return self._spoilt[-1][1] if self._spoilt else rgb

    def _bins(self, truth: np.ndarray) -> _Bins:
        if self._bins_of is None or self._bins_of[0] is not truth:
            self._bins_of = truth, _Bins.of(truth)
        return self._bins_of[1]

    @cached_property
    def limits_m(self) -> tuple[float, float]:
        """Metres between which depth is shown: 1st and 99th percentile of the truth."""
        truth = self.depth_m
        if truth is None:
            truth = self.begin.codec.decode(self.picture).depth_m
        return depth_limits(truth)


class _Bins(NamedTuple):
    """Pixels in the order of their true depth, cut where a bin ends."""

    order: np.ndarray
    cuts: np.ndarray
    depth_m: np.ndarray

    @classmethod
    def of(cls, truth: np.ndarray) -> _Bins:
        flat = truth.ravel()
        edges = np.geomspace(*depth_limits(truth), _DEPTH_BINS + 1)
        order = np.argsort(flat, kind="stable")  # NaN and inf come last
        cuts = np.searchsorted(flat[order], edges)
        return cls(order, cuts, np.sqrt(edges[1:] * edges[:-1]))

    def errors(self, error: np.ndarray, codec: DepthCodec) -> ErrorByDepth:
        sorted_errors = error.ravel()[self.order[self.cuts[0] : self.cuts[-1]]]
        parts = np.split(sorted_errors, self.cuts[1:-1] - self.cuts[0])
        median, p90 = np.array([_quantiles(part, 0.5, 0.9) for part in parts]).T
        rounding = codec.quantization_error(self.depth_m)
        return ErrorByDepth(self.depth_m, median, p90, rounding, np.array([len(part) for part in parts]))


def _quantiles(values: np.ndarray, *shares: float) -> list[float]:
    """Order statistics, so that infinite errors need no arithmetic; NaN where there is no value."""
    values = values[~np.isnan(values)]
    if not values.size:
        return [float("nan")] * len(shares)
    places = [min(int(share * values.size), values.size - 1) for share in shares]
    return np.partition(values, places)[places].tolist()


def _shares(residual: np.ndarray) -> np.ndarray:
    places = np.minimum(residual.ravel().astype(np.int32) // 2, len(RESIDUAL_BINS) - 2)
    return np.bincount(places, minlength=len(RESIDUAL_BINS) - 1) / max(residual.size, 1)
