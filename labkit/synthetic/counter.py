"""Random numbers by counting: a number depends on (seed, index, stream) and on nothing else.

A generator with a state gives image 7 only after images 0 to 6. Here each number is a hash of
its own address, so any image can be drawn alone, in any batch, and always comes out the same.
"""

import zlib

import numpy as np

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


def uniform(seed: int, index: np.ndarray, stream: str) -> np.ndarray:
    """Uniform numbers in [0, 1), one for each index.

    Args:
        seed: 0 to 2**63 - 1.
        index: (N,) int64, not negative: which image (or point) the number belongs to.
        stream: a name for the use of the number; two names give independent numbers, and adding
            a name later changes none of the others.

    Returns:
        (N,) float64 with 53 random bits, from the mixing function of SplitMix64 (Steele, Lea and
        Flood 2014, "Fast splittable pseudorandom number generators").
    """
    tag = np.array([zlib.crc32(stream.encode())], dtype=np.uint64)
    start = _mix(_mix(np.array([seed], dtype=np.uint64)) + tag)
    bits = _mix(_mix(start + index.astype(np.uint64) * _GOLDEN) + tag)
    return (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53


def normal(seed: int, index: np.ndarray, stream: str) -> np.ndarray:
    """Standard normal numbers, (N,) float64, one for each index (Box and Muller 1958)."""
    radius = np.sqrt(-2.0 * np.log1p(-uniform(seed, index, stream + "/radius")))
    return radius * np.cos(2.0 * np.pi * uniform(seed, index, stream + "/angle"))


def _mix(bits: np.ndarray) -> np.ndarray:
    """Scramble 64-bit words; sums and products wrap around, as they should."""
    bits = bits + _GOLDEN
    bits = (bits ^ (bits >> np.uint64(30))) * _MIX_1
    bits = (bits ^ (bits >> np.uint64(27))) * _MIX_2
    return bits ^ (bits >> np.uint64(31))
