"""Image sets as one uint8 tensor, and batches of them on the device: what a notebook imports.

>>> from labkit.data import Batches, load
>>> faces = load("faces")                            # drawn by the kit, then cached
>>> batches = Batches(faces, batch_size=64)          # endless, shuffled, float in [-1, 1]

`load` knows the names in `NAMES` and takes the path of any folder or zip of pictures. The modules
behind it: `image_set` (what a set is), `batches` (how it reaches the device), `sources` (which name means
what), `drawn` (what the kit draws itself), `celeba` and `mnist` (real faces and digits), `pictures` (from
picture files to pixels), `downloads` and `parquet` (how files arrive), `cache` (how pixels stay on the disk).
"""

from labkit.data.batches import Batches
from labkit.data.image_set import DataError, ImageSet, to_uint8, to_unit
from labkit.data.pairs import PAIRS, ImagePair, PairBatches, load_pair
from labkit.data.sources import NAMES, load

__all__ = [
    "NAMES",
    "PAIRS",
    "Batches",
    "DataError",
    "ImagePair",
    "ImageSet",
    "PairBatches",
    "load",
    "load_pair",
    "to_uint8",
    "to_unit",
]
