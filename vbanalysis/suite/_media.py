"""The files of a report: pictures made small, vector figures and tables beside them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

from vbanalysis.paths import replacing

LIST = "report-files.json"
# Lines and words stay as drawn up to here; above, it is mostly photographs, which lose nothing to be seen.
_EXACT_BYTES = 120_000
_QUALITY = 92


@dataclass(frozen=True)
class Picture:
    """A picture in the report: its address from a page, and its size in pixels (None for SVG)."""

    address: str
    width: int | None
    height: int | None


class Media:
    """Writes the files of one report, each content once.

    Args:
        report: Folder of the pages.
    """

    def __init__(self, report: Path) -> None:
        self.report = report
        self._written: set[str] = set()

    def picture(self, data: bytes) -> Picture | None:
        """Keep a picture, PNG as WebP; None where it is none that can be read."""
        from PIL import Image

        stem = f"media/{hashlib.sha256(data).hexdigest()[:20]}"
        if data.lstrip()[:5] in (b"<svg ", b"<?xml") and b"<svg" in data:
            return Picture(self._write(f"{stem}.svg", data), None, None)
        try:
            with Image.open(io.BytesIO(data)) as image:
                width, height = image.size
                kind = (image.format or "").lower()
                if kind != "png" or getattr(image, "n_frames", 1) > 1:
                    image.verify()
                    return Picture(self._write(f"{stem}.{kind}", data), width, height)
                name = f"{stem}.webp"
                made = b"" if (self.report / name).is_file() else _small(image)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            return None
        return Picture(self._write(name, made), width, height)

    def from_address(self, address: str) -> Picture | None:
        """Keep the picture of a `data:` address."""
        head, _, body = address.partition(",")
        try:
            data = base64.b64decode(body) if head.endswith(";base64") else unquote_to_bytes(body)
        except (ValueError, binascii.Error):
            return None
        return self.picture(data)

    def copy(self, file: Path, name: str) -> str:
        """Keep a file as it is under a name in the report; returns its address."""
        target = self.report / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if file.resolve() != target.resolve():
            shutil.copyfile(file, target)
        self._written.add(name)
        return quote(name)

    def page(self, name: str, html: str) -> None:
        """Write a page."""
        self._write(name, html.encode("utf-8"))

    def finish(self) -> None:
        """Remove what an earlier report wrote here and this one did not."""
        try:
            before = json.loads((self.report / LIST).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            before = []
        for name in before if isinstance(before, list) else []:
            file = self.report / str(name)
            if name not in self._written and file.is_file() and file.resolve().is_relative_to(self.report):
                file.unlink()
        self._write(LIST, json.dumps(sorted(self._written), indent=0).encode())

    def _write(self, name: str, data: bytes) -> str:
        self._written.add(name)
        target = self.report / name
        if data:
            target.parent.mkdir(parents=True, exist_ok=True)
            with replacing(target) as file:
                file.write(data)
        return quote(name)


def _small(image: object) -> bytes:
    from PIL import Image

    assert isinstance(image, Image.Image)
    has_alpha = "A" in image.getbands() or "transparency" in image.info
    plain = image.convert("RGBA" if has_alpha else "RGB")
    if has_alpha:
        # Figures are drawn for paper.
        paper = Image.new("RGBA", plain.size, "white")
        plain = Image.alpha_composite(paper, plain).convert("RGB")
    exact = io.BytesIO()
    plain.save(exact, "WEBP", lossless=True, quality=40, method=3)
    if exact.tell() <= _EXACT_BYTES:
        return exact.getvalue()
    close = io.BytesIO()
    plain.save(close, "WEBP", quality=_QUALITY, method=4, use_sharp_yuv=True)
    return min(exact.getvalue(), close.getvalue(), key=len)
