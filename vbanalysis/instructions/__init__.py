"""Words <-> codec settings: build the prompts of the paper, and read any prompt back.

>>> from vbanalysis.instructions import parse
>>> i = parse('Semantic segmentation with {"cat": "red", "exit sign": <0, 0, 255>, "background": #7d007d}')
>>> i.classes, i.colours, i.background
(('cat', 'exit sign'), ((255, 0, 0), (0, 0, 255)), (125, 0, 125))
"""

from vbanalysis.instructions._build import (
    cityscapes_prompt,
    depth_prompt,
    edit_prompt,
    generation_prompt,
    instance_prompt,
    normals_prompt,
    referring_prompt,
    semantic_prompt,
)
from vbanalysis.instructions._colours import colour_name, parse_colour
from vbanalysis.instructions._parse import parse
from vbanalysis.instructions._styles import CITYSCAPES, COLORMAPS, NOTATIONS, STYLES
from vbanalysis.instructions._words import words_and_colours

__all__ = [
    "CITYSCAPES",
    "COLORMAPS",
    "NOTATIONS",
    "STYLES",
    "cityscapes_prompt",
    "colour_name",
    "depth_prompt",
    "edit_prompt",
    "generation_prompt",
    "instance_prompt",
    "normals_prompt",
    "parse",
    "parse_colour",
    "referring_prompt",
    "semantic_prompt",
    "words_and_colours",
]
