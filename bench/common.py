"""What the benches share: our programs, the kernel's figures, tracers in the background, rows."""

import contextlib
import ctypes
import json
import os
import re
import shlex
import shutil
import statistics
import struct
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
BUILD = ROOT / "build-bench"
SCRATCH = Path("/dev/shm" if os.path.isdir("/dev/shm") else "/tmp")
LAST_CPU = max(os.sched_getaffinity(0))


def note(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


# ---- the programs of this folder -----------------------------------------------------------------

PROGRAMS = {  # name: sources, flags, libraries
    "measure": (["measure.c"], ["-O2", "-static"], []),
    "floor": (["floor/*.c"], ["-O2", "-static", "-s", "-ffunction-sections", "-Wl,--gc-sections"],
              ["-lbpf", "-lelf", "-lz"]),
    # Its stacks are walked by frame pointer and its functions named.
    "driver": (["driver*.c"], ["-O1", "-g", "-fno-omit-frame-pointer",
                              "-fno-optimize-sibling-calls"], []),
}


def build_programs():
    BUILD.mkdir(exist_ok=True)
    inputs = [p.stat().st_mtime for p in HERE.rglob("*") if p.suffix in (".c", ".h")]
    for name, (patterns, flags, libraries) in PROGRAMS.items():
        target = BUILD / name
        if target.exists() and target.stat().st_mtime > max(inputs):
            continue
        sources = [str(path) for pattern in patterns for path in sorted(HERE.glob(pattern))]
        fresh = BUILD / f"{name}.{os.getpid()}"  # another run may be using the old one
        command = [os.environ.get("CC", "cc"), "-std=gnu11", "-Wall", "-Wextra", "-D_GNU_SOURCE",
                   *flags, *sources, "-o", str(fresh)]
        # libelf may itself want zstd, which then is there; where it does not, it may not be.
        for last in ([], ["-lzstd"]):
            done = subprocess.run(command + libraries + last, capture_output=True, text=True)
            if not done.returncode:
                break
        else:
            sys.exit(f"bench: {name} does not build:\n{done.stderr}")
        fresh.rename(target)


# ---- asking the kernel ---------------------------------------------------------------------------

libc = ctypes.CDLL(None, use_errno=True)
SYS_BPF = {"x86_64": 321, "aarch64": 280}.get(os.uname().machine)
GET_FD_BY_ID, GET_INFO, TASK_FD_QUERY, ENABLE_STATS = 13, 15, 20, 32


def bpf(command, attr):
    buffer = ctypes.create_string_buffer(attr, 128)
    fd = libc.syscall(SYS_BPF, command, buffer, 128)
    return fd, buffer.raw


def program_info(number):
    """(instructions, ns spent in it, runs) of a program, or None if it has gone."""
    fd, _ = bpf(GET_FD_BY_ID, struct.pack("<I", number))
    if fd < 0:
        return None
    info = ctypes.create_string_buffer(232)
    result, _ = bpf(GET_INFO, struct.pack("<IIQ", fd, len(info), ctypes.addressof(info)))
    os.close(fd)
    if result:
        return None
    xlated_b, = struct.unpack_from("<I", info.raw, 20)
    run_ns, runs = struct.unpack_from("<QQ", info.raw, 192)
    return xlated_b // 8, run_ns, runs


@contextlib.contextmanager
def statistics_on():
    """The kernel counts time and runs of programs while this is open, and no longer."""
    fd, _ = bpf(ENABLE_STATS, struct.pack("<I", 0))
    try:
        yield
    finally:
        if fd >= 0:
            os.close(fd)


def programs_of(pid):
    """Ids of the programs that a tracer holds, or has on its perf events."""
    held = set()
    with contextlib.suppress(OSError):
        for entry in os.scandir(f"/proc/{pid}/fdinfo"):
            with contextlib.suppress(OSError):
                match = re.search(r"^prog_id:\s*(\d+)", Path(entry.path).read_text(), re.M)
                if match:
                    held.add(int(match[1]))
                    continue
                if "perf_event" in os.readlink(f"/proc/{pid}/fd/{entry.name}"):
                    result, attr = bpf(TASK_FD_QUERY, struct.pack("<II", pid, int(entry.name)))
                    if not result:
                        held.add(struct.unpack_from("<I", attr, 24)[0])
    return held


# ---- processes -----------------------------------------------------------------------------------

class Failed(Exception):
    """Why there is no number."""


class Driver:
    """The load. One process for the whole run, so that scripts can name its pid."""

    def __init__(self):
        self.process = subprocess.Popen([BUILD / "driver", str(LAST_CPU)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, bufsize=1)
        self.pid = self.process.pid

    def tell(self, line):
        self.process.stdin.write(line + "\n")

    def answer(self):
        return self.process.stdout.readline().split()

    def ask(self, line):
        self.tell(line)
        return self.answer()

    def rounds(self, call, n, rounds, pause_us=0):
        return [float(x) for x in self.ask(f"loop {call} {n} {rounds} {pause_us}")]

    @contextlib.contextmanager
    def calling(self, call):
        self.tell(f"until {call}")
        try:
            yield
        finally:
            self.tell("")
            self.answer()
            self.answer()

    def end(self):
        self.process.stdin.close()
        self.process.wait(10)


def reason(text, status):
    """The line of a tool's messages that says what went wrong."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    lines = [line for line in lines if "RLIMIT_MEMLOCK" not in line] or lines
    for line in lines:
        if "ERROR" in line or "error" in line or "floor:" in line:
            return line
    return lines[0] if lines else f"exit status {status}"


ENVIRONMENT = {  # the old names and the new
    "BPFTRACE_MAX_PROBES": "1024", "BPFTRACE_MAP_KEYS_MAX": "200000",
    "BPFTRACE_MAX_MAP_KEYS": "200000", "BPFTRACE_MAX_BPF_PROGS": "1024",
    "BPFTRACE_STRLEN": "64", "BPFTRACE_MAX_STRLEN": "64",
}


def environment(tool, row_env):
    return os.environ | {"LC_ALL": "C"} | ({k: ENVIRONMENT[k] for k in row_env})


def measure(command, *flags, env=(), limit_s=60, good=(0,)):
    """One JSON object per run. `good`: how it may end."""
    done = subprocess.run([BUILD / "measure", "-T", str(limit_s), *flags, "--", *command],
                          capture_output=True, text=True, env=environment(command, env),
                          stdin=subprocess.DEVNULL)
    if done.returncode:
        raise Failed(done.stderr.strip())
    results = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    for result in results:
        if result["status"] not in good:
            raise Failed(reason(result["err"], result["status"]))
    return results


class Tracer:
    """A tracer in the background, ended by SIGINT. Started by measure, for its figures."""

    def __init__(self, command, driver, call=None, n_calls=1000, env=(), file=None, settle_s=0.0,
                 limit_s=90):
        flags = ["-i", "-T", str(limit_s)] + (["-o", str(file)] if file else [])
        self.process = subprocess.Popen([BUILD / "measure", *flags, "--", *command],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env=environment(command, env))
        line = self.process.stdout.readline().split()
        if len(line) != 2 or line[0] != "pid":
            raise Failed("could not be started")
        self.pid = int(line[1])
        self.driver, self.call, self.n_calls = driver, call, n_calls
        self.file = file
        try:
            if call:
                self.wait_attached()
            time.sleep(settle_s)
        except Failed:
            self.process.stdin.close()
            self.process.wait()
            raise

    def wait_attached(self):
        """Until its programs see the driver's calls."""
        deadline = time.monotonic() + 30
        with statistics_on():
            while time.monotonic() < deadline:
                if self.run_figures(self.n_calls):
                    return
                if self.has_ended():
                    result = self.end()
                    raise Failed(reason(result["err"] + self.messages(), result["status"]))
                time.sleep(0.02)
        raise Failed("its programs never ran")

    def has_ended(self):
        try:
            state = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            return True
        return state == "Z"

    def messages(self):
        return Path(self.file).read_text(errors="replace") if self.file else ""

    def run_figures(self, n):
        """(ns in programs per call, their instructions) while the driver makes n calls; None if
        no program of this tracer ran that often. Needs statistics_on()."""
        ids = programs_of(self.pid)
        start = {i: program_info(i) for i in ids}
        self.driver.rounds(self.call, n, 1)
        ran = {}
        for i in ids:
            info = program_info(i)
            if info and start[i] and info[2] - start[i][2] >= n:
                ran[i] = (info[0], info[1] - start[i][1], info[2] - start[i][2])
        if not ran:
            return None
        return (sum(ns for _, ns, _ in ran.values()) / max(runs for _, _, runs in ran.values()),
                sum(insns for insns, _, _ in ran.values()))

    def total_ns(self, call, n):
        """ns in all of this tracer's programs per call, over n calls. Needs statistics_on()."""
        def spent():
            infos = [program_info(i) for i in programs_of(self.pid)]
            return sum(info[1] for info in infos if info)
        start = spent()
        self.driver.rounds(call, n, 1)
        return (spent() - start) / n

    def end(self):
        """SIGINT, then measure's figures."""
        with contextlib.suppress(OSError):
            self.process.stdin.write("\n")
            self.process.stdin.flush()
        out = self.process.stdout.read()
        self.process.wait()
        for line in out.splitlines():
            if line.startswith("{"):
                return json.loads(line)
        raise Failed("ended without a word")

    def end_well(self):
        result = self.end()
        if result["status"]:
            raise Failed(reason(result["err"] + self.messages(), result["status"]))
        return result


# ---- rows of the table ---------------------------------------------------------------------------

class Goal:
    def __init__(self, text, reached):
        self.text, self.reached = text, reached


def at_most(limit, unit):
    return Goal(f"<= {limit} {unit}", lambda skep, floor: skep <= limit)


def at_least(limit, unit):
    return Goal(f">= {limit} {unit}", lambda skep, floor: skep >= limit)


def near_floor(factor):
    return Goal(f"<= {factor} x floor",
                lambda skep, floor: None if floor is None else skep <= factor * floor)


class Row:
    """One line: a quantity, by tool."""

    def __init__(self, ident, what, unit, goal=None, digits=None):
        self.ident, self.what, self.unit, self.goal, self.digits = ident, what, unit, goal, digits
        self.values, self.commands, self.missing = {}, {}, {}

    def add(self, tool, values, command=None):
        values = values if isinstance(values, list) else [values]
        self.values.setdefault(tool, []).extend(float(v) for v in values)
        if command:
            self.commands[tool] = command if isinstance(command, str) else shlex.join(command)

    def median(self, tool):
        return statistics.median(self.values[tool]) if self.values.get(tool) else None

    def number(self, value):
        if self.digits is not None:
            return f"{value:.{self.digits}f}"
        return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 \
            else f"{value:.2f}"

    def cell(self, tool):
        values = self.values.get(tool)
        if not values:
            return "-"
        text = self.number(statistics.median(values))
        low, high = self.number(min(values)), self.number(max(values))
        return text if low == high else f"{text} ({low}-{high})"

    def reached(self):
        skep = self.median("skep")
        if not self.goal or skep is None:
            return "-" if self.goal else ""
        answer = self.goal.reached(skep, self.median("floor"))
        return "-" if answer is None else "yes" if answer else "no"


class Bench:
    def __init__(self, arguments):
        self.repeat = arguments.repeat
        self.rows = []
        self.tools = {}      # name: command's first words
        self.absent = {}     # name: why
        self.driver = Driver()
        self.appendix = []   # tables of another form, behind ours
        self.bpftrace_is_old = False
        self.find_tools(arguments.tools)

    def find_tools(self, wanted):
        if "floor" in wanted:
            self.tools["floor"] = [str(BUILD / "floor")]
        if "skep" in wanted:
            candidates = [ROOT / "build-release/skep", ROOT / "build/skep"]
            skep = os.environ.get("SKEP") or next((str(p) for p in candidates if p.exists()), None)
            if not skep:
                self.absent["skep"] = "not built"
            else:
                done = subprocess.run([skep, "--version"], capture_output=True, text=True)
                if done.returncode or not done.stdout.strip():
                    self.absent["skep"] = f"{skep} --version: {reason(done.stderr, done.returncode)}"
                else:
                    self.tools["skep"] = [skep]
        if "bpftrace" in wanted:
            bpftrace = shutil.which("bpftrace")
            if not bpftrace or os.path.basename(os.path.realpath(bpftrace)) == "skep":
                self.absent["bpftrace"] = "not installed"
            else:
                self.tools["bpftrace"] = [bpftrace]
                done = subprocess.run([bpftrace, "--version"], capture_output=True, text=True)
                version = re.search(r"(\d+)\.(\d+)", done.stdout)
                self.bpftrace_is_old = bool(version) and (int(version[1]), int(version[2])) < (0, 18)

    def row(self, *arguments, **named):
        row = Row(*arguments, **named)
        self.rows.append(row)
        for tool, why in self.absent.items():
            row.missing[tool] = why
        return row

    def command(self, tool, script, floor, *options):
        """A script for the tracers, a question for the floor. P stands for the driver's pid."""
        if tool == "floor":
            return self.tools[tool] + [word.replace("P", str(self.driver.pid)) for word in floor]
        script = re.sub(r"\bP\b", str(self.driver.pid), script)
        if tool == "bpftrace" and self.bpftrace_is_old:
            script = script.replace("args.", "args->")
        return self.tools[tool] + list(options) + ["-e", script]

    def each_tool(self, rows):
        """The tools there are; whatever fails is noted in the rows and passed over."""
        for tool in self.tools:
            if any(tool in row.missing for row in rows):
                continue
            yield tool

    def attempt(self, rows, tool):
        @contextlib.contextmanager
        def guard():
            try:
                yield
            except (Failed, subprocess.SubprocessError, OSError, KeyError, ValueError,
                    IndexError) as error:
                why = str(error) if isinstance(error, Failed) else f"{type(error).__name__} {error}"
                for row in rows:
                    row.missing[tool] = why
        return guard()
