"""Standard result files against the ground truth of their benchmark: the official evaluator's figures.

Each function reads the files that people already have, and returns what `json.dump` takes. A figure that is
not defined, of a class that never occurs for instance, is None.
"""

from vbanalysis.scoring.cityscapes import score_cityscapes
from vbanalysis.scoring.coco import score_coco
from vbanalysis.scoring.saco import score_saco

__all__ = ["score_cityscapes", "score_coco", "score_saco"]
