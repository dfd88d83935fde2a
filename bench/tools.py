"""Bundled tools beside those of libbpf-tools, which are C programs made with libbpf: how soon they see
something, what memory they take, what an event costs in their programs. All of them are narrowed to the
bench's own driver where the tool can be."""

import os
import shutil

from common import SCRATCH, Failed, Tracer, measure, note, reason, statistics_on
from sides import Figures, table

# Name, options (P is the driver's pid), the driver's call, how many at a time, and what tells that the
# tool is at work: a word of the call's row, or of the banner where the report comes at the end.
TEN = [
    ("opensnoop", "-p P", "openat", 400, "/nonexistent/of"),
    ("killsnoop", "-p P", "kill", 400, "driver"),
    ("mountsnoop", "", "umount", 400, "/nonexistent/of"),
    ("tcpstates", "-D 9", "refused", 200, "SYN_SENT"),
    ("tcplife", "-D 9", "refused", 200, "127.0.0.1"),
    ("syscount", "-p P", "getppid", 10000, "Tracing"),
    ("runqlat", "-p P", "switch", 4000, "Tracing"),
    ("runqslower", "-p P 1000000", "switch", 4000, "LAT(us)"),
    ("cpudist", "-p P", "switch", 4000, "Tracing"),
    ("softirqs", "", "net", 1000, "Tracing"),
]
QUANTITIES = [("start", "start ms"), ("memory", "memory MB"), ("event", "event ns")]


def start_of(b, command, call, text, figures, side):
    with b.driver.calling(call):
        # 130: a tool that was ended before it looks after signals.
        runs = measure(command, "-n", "7", "-t", "-f", text, limit_s=10, good=(0, 130))
    if any("first_ms" not in r for r in runs):
        raise Failed("no sign of it: " + reason(runs[0]["err"], runs[0]["status"]))
    figures.add(side, "start", [r["first_ms"] for r in runs])
    figures.add(side, "memory", [r["rss_kb"] / 1000 for r in runs])


def cost_of(b, command, call, n, figures, side):
    tracer = Tracer(command, b.driver, call, n_calls=20, file=SCRATCH / f"bench.{os.getpid()}")
    with statistics_on():
        b.driver.rounds(call, n, 1)
        costs = [tracer.total_ns(call, n) for _ in range(5)]
    tracer.end()
    if not any(costs):
        raise Failed("its programs did not run")
    figures.add(side, "event", costs)


def bench_tools(b):
    """ten bundled tools beside libbpf-tools: start, memory, cost of an event"""
    rows, problems = [], []
    for name, options, call, n, text in TEN:
        figures = Figures()
        rows.append((name, figures))
        # Debian has them where ordinary users do not look; a link of ours is none of theirs.
        theirs = shutil.which(name, path="/usr/sbin")
        if theirs and os.path.basename(os.path.realpath(theirs)) == "skep":
            theirs = None
        sides = {"skep": b.tools.get("skep", []) + [name] if "skep" in b.tools else None,
                 "theirs": [theirs] if theirs else None}
        words = [w.replace("P", str(b.driver.pid)) if w == "P" else w for w in options.split()]
        for _ in range(b.repeat):
            # By turns, so that a drift of the machine meets both alike.
            for side, command in sides.items():
                try:
                    if not command:
                        raise Failed("not installed")
                    start_of(b, command + words, call, text, figures, side)
                    cost_of(b, command + words, call, n, figures, side)
                except Failed as why:
                    problem = f"- {side}, {name}: {why}"
                    if problem not in problems:
                        problems.append(problem)
        note(f"{name} done")
    b.appendix.append(table("tool", "libbpf-tools", QUANTITIES, rows, problems))


BENCHES = {"tools": bench_tools}
