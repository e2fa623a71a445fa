"""Formulas as pictures, since a page that needs no network cannot load MathJax."""

from __future__ import annotations

import base64
import io
import re
from html import escape, unescape
from typing import Any

# Display or inline, with no space inside the dollars, so that sums of money stay as they are.
_FORMULA = re.compile(r"\$\$(?P<display>.+?)\$\$|\$(?P<inline>(?!\s)[^$\n]+?(?<!\s))\$(?!\d)", re.DOTALL)
_POINTS = 12


def draw_formulas(body: Any) -> None:
    """Replace the formulas in the prose of a parsed page by what matplotlib makes of them.

    A formula that its TeX does not cover stays as written.
    """
    from bs4 import BeautifulSoup

    for text in body.find_all(string=_FORMULA):
        if text.find_parent(class_="text_cell_render") and not text.find_parent(["code", "pre"]):
            html = _FORMULA.sub(_picture, escape(str(text)))
            text.replace_with(BeautifulSoup(html, "html.parser"))


def _picture(match: re.Match[str]) -> str:
    from matplotlib import rc_context
    from matplotlib.font_manager import FontProperties
    from matplotlib.mathtext import math_to_image

    source = match["display"] or match["inline"]
    tex = " ".join(unescape(source).split())
    buffer = io.BytesIO()
    try:
        with rc_context({"mathtext.fontset": "stix", "svg.hashsalt": "vbanalysis"}):
            depth = math_to_image(f"${tex}$", buffer, prop=FontProperties(size=_POINTS), dpi=72, format="svg")
    except ValueError:
        return match[0]
    words = escape(tex)
    kind = "math display" if match["display"] else "math"
    data = base64.b64encode(buffer.getvalue()).decode()
    return (
        f'<img class="{kind}" alt="{words}" title="{words}" src="data:image/svg+xml;base64,{data}" '
        f'style="vertical-align: {-depth / _POINTS:.2f}em">'
    )
