#!/usr/bin/python3
"""Memories that goroutine_walk_fuzz begins with: make_walk_seeds.py FOLDER"""

import pathlib
import struct
import sys


def at(word):
    """What leads to that word of the arena."""
    return 0xA5 << 56 | word * 8


def goroutine(number, stack, status=4, depth=8):
    """A runtime.g as goroutine_walk_fuzz has it."""
    return [number, at(stack), at(stack + 64), status, at(stack + 64 - depth), 0x2010, at(stack + 64 - depth), 0x2010]


def memory(*goroutines):
    words = [0] * 512
    # allgs (address, length, capacity), and the copies of its first two words.
    words[:5] = [at(16), len(goroutines), 8, at(16), len(goroutines)]
    for index, fields in enumerate(goroutines):
        words[16 + index] = words[8 + index] = at(32 + 8 * index)
        words[32 + 8 * index:40 + 8 * index] = fields
    # Called by function 4, called by function 5, which is a top.
    for stack in (128, 256):
        words[stack + 64 - 8 + 2] = 0x4011
        words[stack + 64 - 8 + 5] = 0x5001
    return struct.pack(f"<{len(words)}Q", *words)


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "waiting").write_bytes(memory(goroutine(1, 128), goroutine(2, 256)))
    (folder / "in_system_call").write_bytes(memory(goroutine(1, 128, status=3)))
    (folder / "running").write_bytes(memory(goroutine(1, 128, status=2), goroutine(2, 256, depth=0)))
    # Their first frame ends where the stack does, or a word behind it.
    (folder / "ends_with_its_stack").write_bytes(memory(goroutine(1, 128, depth=2), goroutine(2, 256, depth=1)))


main()
