"""The templates of the report and its look, light and dark."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vbanalysis import __version__

TEMPLATES = Path(__file__).parent / "template"


def templates() -> Any:
    """A jinja environment with what all pages share."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = (TEMPLATES / "theme.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    environment.globals.update(
        code_style=_code_style(),
        script=script,
        # An output that smuggles a script in finds it refused by the browser too.
        policy=f"default-src 'none'; img-src 'self' data: file:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
        written=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        version=__version__,
    )
    environment.filters["duration"] = duration
    environment.filters["literal"] = repr
    environment.filters["moment"] = lambda text: text.replace("T", " ").replace("+00:00", " UTC")
    return environment


def duration(seconds: float) -> str:
    """A duration as people say it.

    >>> duration(3.21), duration(125)
    ('3.2 s', '2 min 5 s')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def _code_style() -> str:
    from pygments.formatters import HtmlFormatter

    light = HtmlFormatter(style="default").get_style_defs(".highlight")
    dark = HtmlFormatter(style="github-dark")
    return (
        f"{light}\n@media screen and (prefers-color-scheme: dark) {{\n"
        f"{dark.get_style_defs(':root:not([data-theme=light]) .highlight')}\n}}\n"
        f"@media screen {{\n{dark.get_style_defs(':root[data-theme=dark] .highlight')}\n}}"
    )
