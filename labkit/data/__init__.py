"""Image sets as one uint8 tensor, and batches of them on the device: what a notebook imports.

>>> from labkit.data import Batches, load
>>> faces = load("faces")                            # drawn by the kit, then cached
>>> batches = Batches(faces, batch_size=64)          # endless, shuffled, float in [-1, 1]

`load` knows the names in `NAMES` and takes the path of any folder or zip of pictures. The modules
behind it: `image_set` (what a set is), `batches` (how it reaches the device), `cache` (how it stays
on the disk), `drawn` (what the kit draws itself), `image_files` and `decode` (from pictures to pixels),
`downloads`, `parquet` and `celeba` (where real faces come from), `idx`, `mnist` and `stacked` (real
digits), `sources` (which name means what).
"""

from labkit.data.batches import Batches
from labkit.data.image_set import DataError, ImageSet, to_uint8, to_unit
from labkit.data.sources import NAMES, load

__all__ = ["NAMES", "Batches", "DataError", "ImageSet", "load", "to_uint8", "to_unit"]
