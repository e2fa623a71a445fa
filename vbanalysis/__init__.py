"""vbanalysis: find out what an image generator really sees.

Colours that claim to be depth, normals or masks go in; metres, unit vectors and
labels come out, each pixel with a measure of how far to trust it.
"""

__version__ = "0.1.0"
