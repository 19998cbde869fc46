"""Prints checksums that AWS's own library computes, one JSON object a line.

Usage: checksums.py SEED...

The data of a line is the first `length` bytes of the SplitMix64 sequence that starts at `seed`, each number as 8
little-endian bytes, so that the other side can build it again. Needs awscrt (PyPI).
"""

import json
import struct
import sys

from awscrt import checksums

MASK = (1 << 64) - 1

# Around the sizes of the steps that fast code takes, then blocks and parts.
LENGTHS = [
    *(0, 1, 7, 8, 9, 15, 16, 17, 31, 32, 63, 64, 127, 128, 255, 256, 257),
    *(511, 1023, 1024, 1025, 3071, 3072, 3073, 4096, 65_535, 65_536),
    *(1_000_003, 1 << 20, 3 << 20),
]


def split_mix_64(seed, length):
    """The first `length` bytes of the sequence that starts at `seed`."""
    words = []
    state = seed
    for _ in range((length + 7) // 8):
        state = (state + 0x9E3779B97F4A7C15) & MASK
        mixed = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & MASK
        words.append(mixed ^ (mixed >> 31))
    return struct.pack(f"<{len(words)}Q", *words)[:length]


def main():
    for seed in map(int, sys.argv[1:]):
        longest = split_mix_64(seed, max(LENGTHS))
        for length in LENGTHS:
            data = longest[:length]
            vector = {
                "length": length,
                "seed": seed,
                "crc64nvme": f"{checksums.crc64nvme(data):016x}",
                "crc32c": f"{checksums.crc32c(data):08x}",
            }
            print(json.dumps(vector))


if __name__ == "__main__":
    main()
