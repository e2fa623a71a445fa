"""Explorers for JupyterLab and Voila: each a plain model that needs no browser, and a thin view of it.

`rate` shows pairs of pictures to raters who do not know whose is whose; `explore_codec` shows what happens
to depth between the code and the decoder; `browse_runs` leafs through one or two runs;
`inspect_segmentation` holds a painted mask to its prompt; `inspect_depth` reads painted depth under a
pointer, along a line and as points in space; `inspect_normals` reads painted normals and lights them.

Importing this brings in no widget: that happens where a view is made.
"""

from vbanalysis.widgets.codec import CodecExplorer, CodecReading, CodecSettings
from vbanalysis.widgets.codec_view import explore_codec
from vbanalysis.widgets.depth import DepthInspector, DepthReading
from vbanalysis.widgets.depth_view import inspect_depth
from vbanalysis.widgets.normals import NormalInspector, NormalReading
from vbanalysis.widgets.normals_view import inspect_normals
from vbanalysis.widgets.rating import rate
from vbanalysis.widgets.runs import RecordFilter, RecordLook, RunBrowser
from vbanalysis.widgets.runs_view import browse_runs
from vbanalysis.widgets.segmentation import SegmentationInspector, SegmentationReading, SegmentationSettings
from vbanalysis.widgets.segmentation_view import inspect_segmentation

__all__ = [
    "CodecExplorer",
    "CodecReading",
    "CodecSettings",
    "DepthInspector",
    "DepthReading",
    "NormalInspector",
    "NormalReading",
    "RecordFilter",
    "RecordLook",
    "RunBrowser",
    "SegmentationInspector",
    "SegmentationReading",
    "SegmentationSettings",
    "browse_runs",
    "explore_codec",
    "inspect_depth",
    "inspect_normals",
    "inspect_segmentation",
    "rate",
]
