"""Explorers for JupyterLab and Voila: each a plain model that needs no browser, and a thin view of it.

`rate` shows pairs of pictures to raters who do not know whose is whose.

Importing this brings in no widget: that happens where a view is made.
"""

from vbanalysis.widgets.rating import rate

__all__ = ["rate"]
