"""The inspector beside Debian's bpftool: time and memory of whole commands, their output thrown away."""

import contextlib
import ctypes
import os
import shutil
import struct

from common import Failed, measure, note
from sides import Figures, table

QUANTITIES = [("wall", "time ms"), ("cpu", "CPU ms"), ("memory", "memory MB")]
N_ENTRIES = 1_000_000
VMLINUX = "/sys/kernel/btf/vmlinux"
SYS_BPF, MAP_CREATE, MAP_UPDATE_BATCH = 321, 0, 26
HASH = 1

libc = ctypes.CDLL(None, use_errno=True)


def bpf(command, attr):
    buffer = ctypes.create_string_buffer(attr.ljust(128, b"\0"), 128)
    result = libc.syscall(SYS_BPF, command, buffer, 128)
    if result < 0:
        raise Failed("bpf(): " + os.strerror(ctypes.get_errno()))
    return result


@contextlib.contextmanager
def full_map():
    """The id of a hash of a million entries, keys of 4 bytes, values of 8."""
    fd = bpf(MAP_CREATE, struct.pack("=IIIIIII16s", HASH, 4, 8, N_ENTRIES, 0, 0, 0, b"bench"))
    try:
        step = 100_000
        for first in range(0, N_ENTRIES, step):
            keys = ctypes.create_string_buffer(b"".join(struct.pack("=I", first + i) for i in range(step)))
            values = ctypes.create_string_buffer(b"".join(struct.pack("=Q", i) for i in range(step)))
            bpf(MAP_UPDATE_BATCH, struct.pack("=QQQQIIQQ", 0, 0, ctypes.addressof(keys),
                                              ctypes.addressof(values), step, fd, 0, 0))
        with open(f"/proc/self/fdinfo/{fd}") as info:
            yield next(line.split()[1] for line in info if line.startswith("map_id:"))
    finally:
        os.close(fd)


def bench_inspect(b):
    """prog show, map dump, btf dump, feature beside bpftool: time, memory"""
    theirs = shutil.which("bpftool", path="/usr/sbin")
    if theirs and os.path.basename(os.path.realpath(theirs)) == "skep":
        theirs = None
    sides = {"skep": b.tools.get("skep"), "theirs": [theirs] if theirs else None}
    rows, problems = [], []
    with full_map() as number:
        for line in ("prog show", "-j prog show", f"map dump id {number}", f"-j map dump id {number}",
                     f"btf dump file {VMLINUX} format raw", f"-j btf dump file {VMLINUX}",
                     f"btf dump file {VMLINUX} format c", "feature probe"):
            figures = Figures()
            words = line.split()
            # skep's verb comes first; options may stand anywhere.
            ours = words[1:] + words[:1] if words[0].startswith("-") else words
            rows.append((line.replace(number, "N").replace(VMLINUX, "vmlinux"), figures))
            for _ in range(max(b.repeat, 3)):
                for side, command in sides.items():
                    try:
                        if not command:
                            raise Failed("not installed")
                        runs = measure(command + (ours if side == "skep" else words), "-n", "1", limit_s=120)
                    except Failed as why:
                        problem = f"- {side}, {line}: {why}"
                        if problem not in problems:
                            problems.append(problem)
                        continue
                    figures.add(side, "wall", [r["wall_ms"] for r in runs])
                    figures.add(side, "cpu", [r["cpu_ms"] for r in runs])
                    figures.add(side, "memory", [r["rss_kb"] / 1000 for r in runs])
            note(f"{line} done")
    b.appendix.append(table("command", "bpftool", QUANTITIES, rows, problems))


BENCHES = {"inspect": bench_inspect}
