"""Repositories of weights in the Hugging Face hub's layout: a local folder, or what the hub's cache holds.

Nothing is fetched here: tens of gigabytes are a decision of the user's, made by a command that errors name.
Nothing pickled is read, for to unpickle is to run what somebody wrote.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from vbanalysis.errors import DataError, MissingDependencyError
from vbanalysis.paths import shown

_PICKLED = (".bin", ".pt", ".pth", ".ckpt")


def snapshot(repo: str, revision: str | None = None, *, extra: str = "transformers") -> Path:
    """The folder of a repository.

    Args:
        repo: A local folder, or a hub id such as `black-forest-labs/FLUX.1-Kontext-dev`.
        revision: Branch, tag or commit of a hub id.
        extra: Of vbanalysis that installs the hub's client.

    Raises:
        DataError: It is not on disk, or in part only, or holds weights that are pickled only.
        MissingDependencyError: The hub's client is not installed.
    """
    local = Path(repo).expanduser()
    command = (
        None if local.is_dir() else f"hf download {repo}" + (f" --revision {revision}" if revision else "")
    )
    if command is not None:
        local = _cached(repo, revision, extra, command)
    for folder in (local, *(each for each in sorted(local.iterdir()) if each.is_dir())):
        names = [path.name for path in folder.iterdir()]
        pickled = [name for name in names if name.endswith(_PICKLED)]
        if pickled and not any(name.endswith(".safetensors") for name in names):
            raise DataError(
                f"{shown(folder)} holds its weights as {pickled[0]} only, which is pickled: take a revision "
                "with .safetensors, or convert it"
            )
    if (lacking := _lacking(local)) is not None:
        raise DataError(
            f"the weights of {shown(repo)} are on disk in part, it has no {lacking}: "
            + (f"run  {command}" if command else "copy it whole")
        )
    return local


def title(folder: Path) -> str:
    """What a repository is called in messages: its hub id, or its folder's name.

    >>> title(Path("hub/models--prs-eth--marigold-depth-v1-1/snapshots/0a1b2c"))
    'prs-eth/marigold-depth-v1-1'
    """
    kept_as = folder.parent.parent.name
    if folder.parent.name == "snapshots" and kept_as.startswith("models--"):
        return kept_as.removeprefix("models--").replace("--", "/")
    return folder.name


def on_disk(repo: str) -> bool:
    """Whether the hub's cache holds a repository."""
    try:
        snapshot(repo)
    except (DataError, MissingDependencyError):
        return False
    return True


def licence(folder: Path) -> str:
    """What the repository's own card states."""
    try:
        head = (folder / "README.md").read_text(encoding="utf-8", errors="replace")[:10_000]
    except OSError:
        return "not stated on disk: read the repository's card"
    block = head.split("---", 2)[1] if head.startswith("---") and head.count("---") > 1 else ""
    stated = dict(re.findall(r"^(license(?:_name)?):\s*(\S.*?)\s*$", block, re.MULTILINE))
    return stated.get("license_name") or stated.get("license") or "not stated in the repository's card"


def read_config(path: Path) -> dict[str, Any]:
    """A JSON object of a repository, such as `config.json` or `model_index.json`.

    Raises:
        DataError: It is missing or no JSON object.
    """
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise DataError(
            f"{shown(path.parent)} holds no {path.name}: it is no repository of this kind"
        ) from None
    except (OSError, ValueError) as error:
        raise DataError(f"{shown(path)} cannot be read: {' '.join(str(error).split())}") from error
    if not isinstance(found, dict):
        raise DataError(f"{shown(path)} is no JSON object")
    return found


def _lacking(folder: Path) -> str | None:
    """A file or folder that a repository should hold and does not, as after a download that was cut short."""
    index = folder / "model_index.json"
    parts = [folder]
    if index.is_file():  # of a pipeline: each part that it is made of has a folder
        listed = read_config(index).items()
        parts = [folder / name for name, told in listed if not name.startswith("_") and _is_part(told)]
    for part in parts:
        if not part.is_dir():
            return part.name
        for listing in sorted(part.glob("*.safetensors.index.json")):
            shards = read_config(listing).get("weight_map")
            for name in sorted(set(map(str, shards.values()))) if isinstance(shards, dict) else ():
                if not (part / name).is_file():
                    return str((part / name).relative_to(folder))
        weights = [path for path in part.glob("*.safetensors") if path.is_file()]
        if (part / "config.json").is_file() and not weights:  # as a network has, and nothing else
            return str((part / "*.safetensors").relative_to(folder))
    return None


def _is_part(told: Any) -> bool:
    return isinstance(told, list) and len(told) == 2 and all(isinstance(name, str) for name in told)


def _cached(repo: str, revision: str | None, extra: str, command: str) -> Path:
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError
    except ImportError as error:
        raise MissingDependencyError("huggingface_hub", extra, "weights of the hub") from error
    try:
        return Path(snapshot_download(repo, revision=revision, local_files_only=True))
    except HFValidationError:
        raise DataError(f"no folder {shown(repo)}, and it is no id of a hub's repository either") from None
    except LocalEntryNotFoundError:
        raise DataError(f"the weights of {repo!r} are not on disk: run  {command}") from None
