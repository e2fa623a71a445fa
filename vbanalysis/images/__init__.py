"""Image files in, image and array files out.

Two readers, because two kinds of picture come in. `read_rgb` reads what will be decoded:
there a colour is a measurement, so a file whose colours were changed on the way (a palette, an
alpha channel, CMYK inks, 16 bits cut to 8) is an error that says how to convert it. `read_photo`
reads what a model was shown and converts whatever can be converted; `photo_size` tells its size alone.
Beside them, `read_uint16`, `read_rgb_codes`, `read_labels` and `read_mask` read the PNGs in which
benchmarks keep depths, normals, labels and masks.

Neither applies a colour profile: generators write codes, and a profile would move them.
"""

from vbanalysis.images._codes import read_labels, read_mask, read_rgb_codes, read_uint16
from vbanalysis.images._read import MAX_PIXELS, photo_size, read_photo, read_rgb
from vbanalysis.images._write import write_array, write_png

__all__ = [
    "MAX_PIXELS",
    "photo_size",
    "read_labels",
    "read_mask",
    "read_photo",
    "read_rgb",
    "read_rgb_codes",
    "read_uint16",
    "write_array",
    "write_png",
]
