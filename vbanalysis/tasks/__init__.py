"""Tasks: which instruction is given, how the picture is read, how the reading is scored.

The only place where instructions, codecs and metrics meet, one file a task. A task comes from a spec string
such as `depth` or `depth?alignment=median` through `vbanalysis.plugins`.
"""

from vbanalysis.tasks._pooled import Pooled, PooledDifference, summed_difference
from vbanalysis.tasks._task import Answer, Row, VisionTask, resized, scenes

__all__ = [
    "Answer",
    "Pooled",
    "PooledDifference",
    "Row",
    "VisionTask",
    "resized",
    "scenes",
    "summed_difference",
]
