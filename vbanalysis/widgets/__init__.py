"""Explorers for JupyterLab and Voila: each a plain model that needs no browser, and a thin view of it.

`rate` shows pairs of pictures to raters who do not know whose is whose; `explore_codec` shows what happens
to depth between the code and the decoder.

Importing this brings in no widget: that happens where a view is made.
"""

from vbanalysis.widgets.codec import CodecExplorer, CodecReading, CodecSettings
from vbanalysis.widgets.codec_view import explore_codec
from vbanalysis.widgets.rating import rate

__all__ = ["CodecExplorer", "CodecReading", "CodecSettings", "explore_codec", "rate"]
