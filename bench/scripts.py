"""Scripts of the kind people run: compiling large ones, what twenty cost in the kernel, naming many
stacks, and thousands of kernel functions in a guest."""

import json
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

from common import (BUILD, HERE, ROOT, SCRATCH, Failed, Goal, Tracer, at_most, measure, note,
                    statistics_on)

# ---- large scripts -------------------------------------------------------------------------------


def large_script(n_lines):
    """Probes of ten lines each on system calls, with three maps to every three probes."""
    points = sorted(name for name in os.listdir("/sys/kernel/tracing/events/syscalls")
                    if name.startswith("sys_"))
    out = []
    for i in range(n_lines // 10):
        m = i // 3
        out += [f"tracepoint:syscalls:{points[i % len(points)]}",
                f"/pid != {i}/ {{",
                f"  $a = nsecs / {i + 1} + tid;",
                f"  if ($a % 3 == {i % 3}) {{ @calls{m}[comm, {i}] = count(); }}",
                f"  @time{m} = hist($a);",
                f"  @last{m}[tid] = $a;",
                f"  if (@last{m}[tid] > {i * 7}) {{",
                f'    printf("%s {i} %d\\n", comm, $a);',
                "  }",
                "}"]
    return "\n".join(out) + "\n"


def bench_compile(b):
    """scripts of 100 to 10,000 lines: compile, load, attach and leave"""
    for n_lines in (100, 1000, 5000, 10000):
        what = f"{n_lines:,} lines, {n_lines // 10:,} probes"
        wall = b.row("compile", f"{what}: compile, load, attach", "ms")
        user = b.row("compile", f"{what}: CPU outside the kernel", "ms")
        rss = b.row("compile", f"{what}: memory", "MB")
        rows = [wall, user, rss]
        file = SCRATCH / f"bench.{os.getpid()}.bt"
        file.write_text(large_script(n_lines))
        for row in rows:
            row.missing["floor"] = "nothing to compile"
        for tool in b.each_tool(rows):
            with b.attempt(rows, tool):
                if tool == "bpftrace" and n_lines > 1000:
                    raise Failed("minutes and more")
                # bpftrace 0.17 has no dry run that loads; -d stops behind its IR.
                command = b.tools[tool] + (["-d"] if tool == "bpftrace" else ["--dry-run"]) + \
                    [str(file)]
                runs = measure(command, "-n", "3", env=["BPFTRACE_MAX_PROBES",
                                                        "BPFTRACE_MAX_BPF_PROGS"], limit_s=120)
                wall.add(tool, [r["wall_ms"] for r in runs], command)
                user.add(tool, [r["user_ms"] for r in runs], command)
                rss.add(tool, [r["rss_kb"] / 1000 for r in runs], command)
        file.unlink()


# ---- twenty scripts ------------------------------------------------------------------------------

# What is run: a tool of tools/ or bench/scripts/, or a script; the driver's call; how many at a time.
TWENTY = [
    ("runqlat", None, "switch", 4000),
    ("cpudist", None, "switch", 4000),
    ("offcputime", None, "switch", 4000),
    ("wakeups", None, "switch", 4000),
    ("opensnoop", None, "openat", 400),
    ("statsnoop", None, "stat", 400),
    ("killsnoop", None, "kill", 400),
    ("mmapsnoop", None, "mmap", 400),
    ("brkstack", None, "brk", 4000),
    ("futexlat", None, "futex", 4000),
    ("faults", None, "fault", 4000),
    ("kmemsize", None, "pipe", 1000),
    ("netsize", None, "net", 1000),
    ("softirqs", None, "net", 1000),
    ("mallocsize", None, "malloc", 4000),
    ("memleak", None, "malloc", 4000),
    ("mutexlat", None, "lock", 4000),
    ("count by process and call", "tracepoint:raw_syscalls:sys_enter "
     "{ @[comm, args.id] = count(); @all = count(); }", "getppid", 10000),
    ("latency of a call", "tracepoint:syscalls:sys_enter_pread64 { @from[tid] = nsecs; } "
     "tracepoint:syscalls:sys_exit_pread64 /@from[tid]/ { @ns[comm] = hist(nsecs - @from[tid]); "
     "delete(@from[tid]); }", "pread", 8000),
    ("sizes by process", "tracepoint:syscalls:sys_exit_pread64 /args.ret > 0/ "
     "{ @bytes[comm] = lhist(args.ret, 0, 256, 16); @sum[comm] = sum(args.ret); "
     "@average[comm] = avg(args.ret); }", "pread", 8000),
]


def tool_text(name):
    """A bundled tool in words that bpftrace 0.17 knows too, and without its end. Those that have
    options and tables are here in the form they had without."""
    plain = HERE / "scripts" / f"{name}.bt"
    text = (plain if plain.exists() else ROOT / "tools" / f"{name}.bt").read_text()
    text = re.sub(r"(?m)^\s*//.*\n|^#!.*\n", "", text)
    text = re.sub(r"(?ms)^end\n\{.*?^\}\n", "", text)
    text = re.sub(r"(?m)^begin$", "BEGIN", text)
    text = re.sub(r"has_key\((@\w+), ([^)]+?)\)", r"\1[\2]", text)
    return re.sub(r"delete\((@\w+), ([^)]+?)\)", r"delete(\1[\2])", text)


def bench_twenty(b):
    """twenty scripts, most of tools/: what an event costs in their programs"""
    ratios = []
    for name, script, call, n in TWENTY:
        inside = b.row("twenty", f"{name} ({call}): in the programs", "ns",
                       Goal("<= bpftrace", None))
        inside.goal = against_bpftrace(inside)
        rows = [inside]
        inside.missing["floor"] = "no script of its own"
        options = ["-p", str(b.driver.pid)] if call in ("malloc", "lock") else []
        text = script or tool_text(name)
        for _ in range(b.repeat):
            # By turns, so that a drift of the machine meets all alike.
            for tool in b.each_tool(rows):
                with b.attempt(rows, tool):
                    command = b.command(tool, text, [], *options)
                    # Strings of one size: 64 bytes is bpftrace 0.17's, skep's is 1,024.
                    tracer = Tracer(command, b.driver, call, n_calls=20, env=["BPFTRACE_STRLEN",
                                    "BPFTRACE_MAX_STRLEN"],
                                    file=SCRATCH / f"bench.{os.getpid()}")
                    with statistics_on():
                        b.driver.rounds(call, n, 1)
                        for _ in range(5):
                            spent_ns = tracer.total_ns(call, n)
                            time.sleep(0.004)
                            if not spent_ns:
                                raise Failed("its programs did not run")
                            inside.add(tool, spent_ns, command)
                    tracer.end_well()
        if inside.median("skep") and inside.median("bpftrace"):
            ratios.append(inside.median("skep") / inside.median("bpftrace"))
    if ratios:
        b.appendix.append(f"twenty scripts: skep takes {statistics.median(ratios):.2f} of "
                          f"bpftrace's time in the programs (median of {len(ratios)}; "
                          f"{min(ratios):.2f} to {max(ratios):.2f})")


def against_bpftrace(row):
    def reached(skep, _):
        other = row.median("bpftrace")
        return None if other is None else skep <= other
    return Goal("<= bpftrace", reached)


# ---- many stacks ---------------------------------------------------------------------------------

def bench_stacks(b):
    """10,000 and 100,000 stacks of kernel and user, named and printed at the end"""
    for n in (10000, 100000):
        cpu = b.row("stacks", f"{n:,} stacks at exit, kernel and user: CPU", "ms")
        rss = b.row("stacks", f"{n:,} stacks at exit, kernel and user: memory", "MB")
        rows = [cpu, rss]
        for row in rows:
            row.missing["floor"] = "names nothing"
            if n > 10000:
                row.missing["bpftrace"] = "minutes and more"
        for tool in b.each_tool(rows):
            with b.attempt(rows, tool):
                command = b.command(tool, "tracepoint:syscalls:sys_enter_getpgid /pid == P/ "
                                    "{ @[ustack, kstack, args.pid] = count(); }", [])
                tracer = Tracer(command, b.driver, "key",
                                env=["BPFTRACE_MAP_KEYS_MAX", "BPFTRACE_MAX_MAP_KEYS"],
                                file=SCRATCH / f"bench.{os.getpid()}")
                b.driver.ask(f"stacks {n}")
                result = tracer.end_well()
                found = len(re.findall(r"(?m)^, \d+\]: 1$", tracer.messages()))
                if found < n:
                    raise Failed(f"printed {found} stacks")
                cpu.add(tool, result["stop_cpu_ms"], command)
                rss.add(tool, result["rss_kb"] / 1000, command)


# ---- kernel functions, in a guest ----------------------------------------------------------------

def bench_guest(b):
    """1,000 and 10,000 kernel functions: attach and detach, in an emulated Linux 6.12"""
    import importlib.machinery
    import importlib.util
    loader = importlib.machinery.SourceFileLoader("guest", str(ROOT / "tests/guest/run"))
    guest = importlib.util.module_from_spec(importlib.util.spec_from_loader("guest", loader))
    loader.exec_module(guest)
    base = guest.base_image

    def image(skep, cases):
        filled = base(skep, cases)
        for name in ("measure", "driver"):
            filled.program(f"usr/local/bin/{name}", BUILD / name)
        if "bpftrace" in b.tools:
            filled.program("usr/bin/bpftrace", b.tools["bpftrace"][0])
        return filled

    rows = {}
    for n in (1000, 10000):
        for what in ("attach", "detach", "memory"):
            rows[n, what] = b.row("guest", f"{n:,} kernel functions, in a guest: {what}",
                                  "MB" if what == "memory" else "ms")
            rows[n, what].missing["floor"] = "not in the guest"
    if "skep" not in b.tools:
        return
    guest.base_image, guest.OVERALL_SECONDS, guest.held = image, 900, []
    guest.run_all(["6.12"], HERE / "guest", "*", Path(b.tools["skep"][0]))
    for line in "\n".join(guest.held).splitlines():
        match = re.search(r"figure (\w+) (\d+) (\{.*\})", line)
        if not match:
            continue
        tool, n, figures = match[1], int(match[2]), json.loads(match[3])
        for row in (rows[n, what] for what in ("attach", "detach", "memory")):
            if figures["status"]:
                row.missing[tool] = figures["err"]
        if not figures["status"]:
            rows[n, "attach"].add(tool, figures["attach_ms"], "bench/guest/attach.sh")
            rows[n, "detach"].add(tool, figures["detach_ms"], "bench/guest/attach.sh")
            rows[n, "memory"].add(tool, figures["rss_kb"] / 1000, "bench/guest/attach.sh")
    if not any(row.values for row in rows.values()):
        note("the guest told nothing:\n" + "\n".join(guest.held[-20:]))
        for row in rows.values():
            row.missing["skep"] = "the guest told nothing"
    rows[10000, "attach"].missing.setdefault("bpftrace", "minutes and more")


BENCHES = {"compile": bench_compile, "twenty": bench_twenty, "stacks": bench_stacks,
           "guest": bench_guest}
