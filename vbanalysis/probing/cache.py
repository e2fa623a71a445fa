"""Features on disk: each map is found again by the weights, layer, level, picture and seed that it is of.

A map is one file, written whole or not at all, so a run that was killed goes on where it stopped. Each begins
with a digest of what follows: a damaged one is made anew.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from vbanalysis.errors import DataError, InputError
from vbanalysis.paths import replacing, shown
from vbanalysis.probing.frozen import Frozen, check_images, check_level, record

_BATCH = 16
_DIGEST = 16
"""Bytes of a digest."""


class FeatureCache:
    """Maps in a folder.

    Args:
        folder: Made where it is not there; None keeps nothing.

    Attributes:
        found: Maps that were read.
        made: Maps that were computed.
        damaged: Files that were not what they said, and were made anew.
    """

    def __init__(self, folder: str | Path | None = None) -> None:
        self.folder = None if folder is None else Path(folder).expanduser()
        self.found = self.made = self.damaged = 0

    def maps(
        self,
        frozen: Frozen,
        images: np.ndarray,
        layers: Sequence[str],
        level: float,
        seeds: Sequence[int],
        batch: int = _BATCH,
    ) -> Iterator[dict[str, np.ndarray]]:
        """Maps of each picture, from disk where they are there.

        Numbers are kept in half precision, or in single precision where one is too large for that; what was
        just computed is rounded likewise, so that a second run says what the first one said.

        Args:
            frozen: The generator.
            images: (N, H, W, 3) uint8 RGB of one size.
            layers: Names, see `layer_names`.
            level: Share of noise, 0 to 1.
            seeds: (N,) of the noise.
            batch: Pictures that are looked at together.

        Yields:
            For each picture, by layer, (C, h, w) float16 or float32.

        Raises:
            InputError: As for `record`.
            DataError: The folder cannot be written.
        """
        check_images(images)
        check_level(level)
        if len(seeds) != len(images):
            raise InputError(f"seeds must be as many as the {len(images)} images, got {len(seeds)}")
        for first in range(0, len(images), batch):
            places = range(first, min(first + batch, len(images)))
            keys = [
                {layer: self._path(frozen, images[k], layer, level, seeds[k]) for layer in layers}
                for k in places
            ]
            read = [{layer: self._read(path) for layer, path in each.items()} for each in keys]
            lacking = [
                k for k, each in zip(places, read, strict=True) if any(m is None for m in each.values())
            ]
            if lacking:
                said = record(frozen, images[lacking], layers, level, [seeds[k] for k in lacking])
                for row, k in enumerate(lacking):
                    for layer in layers:
                        if read[k - first][layer] is None:
                            rounded = _rounded(said[layer][row])
                            read[k - first][layer] = rounded
                            self._write(keys[k - first][layer], rounded)
                            self.made += 1
            for each in read:
                yield {layer: maps for layer, maps in each.items() if maps is not None}

    def _path(self, frozen: Frozen, image: np.ndarray, layer: str, level: float, seed: int) -> Path | None:
        if self.folder is None:
            return None
        told = hashlib.blake2b(digest_size=_DIGEST)
        told.update(f"{image.shape} {float(level)!r} {int(seed)} {layer}\n".encode())
        told.update(np.ascontiguousarray(image).tobytes())
        name = told.hexdigest()
        return self.folder / frozen.digest / name[:2] / f"{name}.map"

    def _read(self, path: Path | None) -> np.ndarray | None:
        if path is None:
            return None
        try:
            kept = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise DataError(f"{shown(path)} cannot be read: {error.strerror}") from error
        if hashlib.blake2b(kept[_DIGEST:], digest_size=_DIGEST).digest() != kept[:_DIGEST]:
            self.damaged += 1
            return None
        self.found += 1
        return np.load(io.BytesIO(kept[_DIGEST:]), allow_pickle=False)

    def _write(self, path: Path | None, maps: np.ndarray) -> None:
        if path is None:
            return
        body = io.BytesIO()
        np.save(body, maps, allow_pickle=False)
        kept = body.getvalue()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(
                f"the folder {shown(path.parent)} cannot be made ({error.strerror}): choose another one"
            ) from error
        with replacing(path) as file:
            file.write(hashlib.blake2b(kept, digest_size=_DIGEST).digest() + kept)


def _rounded(maps: np.ndarray) -> np.ndarray:
    fits = np.abs(maps).max() < np.finfo(np.float16).max
    return maps.astype(np.float16 if fits else np.float32)
