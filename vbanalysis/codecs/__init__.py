"""Numbers <-> colours: what an image generator paints, and what it means.

Every codec encodes values as colours and decodes colours into a result that says, pixel
by pixel, how far the colour lay from the code. NumPy in, NumPy out; torch in, torch out.
"""

from vbanalysis.codecs.calibration import Calibration, calibrate
from vbanalysis.codecs.colormaps import ColormapCodec
from vbanalysis.codecs.curve import PowerCurve
from vbanalysis.codecs.depth import DepthCodec
from vbanalysis.codecs.edges import EdgeRepair, repair_edges
from vbanalysis.codecs.identify import WalkIdentification, WalkScore, identify_walk
from vbanalysis.codecs.identify_normals import NormalConvention, identify_normal_convention
from vbanalysis.codecs.inspection import Inspection, inspect_picture
from vbanalysis.codecs.instances import InstanceCodec, masks, to_rle
from vbanalysis.codecs.mixtures import SIDES, mix_depths, sides, third_share
from vbanalysis.codecs.normals import NormalCodec, convert_normals
from vbanalysis.codecs.palette import ClassReport, PaletteCodec, separated_palette
from vbanalysis.codecs.walk import WALKS

__all__ = [
    "SIDES",
    "WALKS",
    "Calibration",
    "ClassReport",
    "ColormapCodec",
    "DepthCodec",
    "EdgeRepair",
    "Inspection",
    "InstanceCodec",
    "NormalCodec",
    "NormalConvention",
    "PaletteCodec",
    "PowerCurve",
    "WalkIdentification",
    "WalkScore",
    "calibrate",
    "convert_normals",
    "identify_normal_convention",
    "identify_walk",
    "inspect_picture",
    "masks",
    "mix_depths",
    "repair_edges",
    "separated_palette",
    "sides",
    "third_share",
    "to_rle",
]
