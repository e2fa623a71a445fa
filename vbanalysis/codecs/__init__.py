"""Numbers <-> colours: what an image generator paints, and what it means.

Every codec encodes values as colours and decodes colours into a result that says, pixel
by pixel, how far the colour lay from the code. NumPy in, NumPy out; torch in, torch out.
"""

from vbanalysis.codecs.curve import PowerCurve
from vbanalysis.codecs.depth import DepthCodec
from vbanalysis.codecs.walk import WALKS

__all__ = ["WALKS", "DepthCodec", "PowerCurve"]
