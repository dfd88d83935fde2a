# timeout: 120
# requires: test -e "$(dirname "$(command -v work)")/packets.bpf.o"
# What programs cost, as it changes: as a stream, and on a terminal that has to be as it was afterwards.
cp "$(dirname "$(command -v work)")/packets.bpf.o" .
p=/sys/fs/bpf/top
mkdir $p && skep prog loadall packets.bpf.o $p/pk || exit
printf 'abcdefghijklmnopqrstuvwxyz0123456789' >in
skep prog run pinned $p/pk/turn data_in in repeat 4000000000 >/dev/null 2>&1 &
busy=$!
trap 'kill $busy; wait $busy; rm -r $p' EXIT
id_of() { skep prog show -j pinned $p/pk/$1 | sed 's/.*"id":\([0-9]*\).*/\1/'; }
id=$(id_of turn) idle=$(id_of drop_all)
is() { # PATTERN: a line of what was said
	grep -qE -e "$1" out || { echo "no line $1:"; cat out; exit 1; }
}
is_not() {
	grep -qE -e "$1" out && { echo "a line $1:"; cat out; exit 1; }
}

# ---- words that are none
say() { # WORDS -> MESSAGE: the error that they are
	skep top ${1%% -> *} >out 2>&1 </dev/null
	status=$?
	[ $status = 255 ] || [ $status = 234 ] || { echo "status $status: $1"; cat out; exit 1; }
	[ "$(cat out)" = "Error: ${1#* -> }" ] || { echo "$1:"; cat out; exit 1; }
}
while read -r line; do
	say "$line"
done <<'END'
foo -> expected 'interval', 'count', 'sort', 'name', 'type', 'id', 'pid' or 'all', got: 'foo'?
interval -> 'interval' needs at least 1 arguments, 0 found
sort x -> expected 'cpu', 'runs', 'time', 'id', 'name' or 'type', got: 'x'?
interval x -> can't parse x as interval
interval 0x1 -> can't parse 0x1 as interval
interval . -> can't parse . as interval
interval 0 -> an interval is 0.01 s to 86400 s, got: 0
interval 86401 -> an interval is 0.01 s to 86400 s, got: 86401
count 0 -> can't parse 0 as count
count 1x -> can't parse 1x as count
count 4294967296 -> can't parse 4294967296 as count
id x -> can't parse x as ID
pid x -> can't parse x as PID
type foo -> unknown program type 'foo'
count 1 count 1 -> count already specified
all all -> all already specified
END
[ "$(skep top count x -j)" = '{"error":"can'"'"'t parse x as count"}' ] || exit 1
skep vm top pid 1 >out 2>&1
is "^Error: programs of a session are all its process's own: say with --pid which session is meant$"
skep top help >out 2>&1 || exit
is '^Usage: skep top \[interval SEC\] \[count N\] '
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	cp "$(command -v skep)" skep.copy && chmod 755 . skep.copy
	setpriv --reuid 65534 --clear-groups --inh-caps=-all ./skep.copy top count 1 >out 2>&1 && exit 1
	is 'Error: only root may count runs of programs: Operation not permitted|Permission denied'
fi

# ---- batches
n=0
until skep top interval 0.1 count 1 id $id | grep -q " $id "; do
	n=$((n + 1))
	[ $n = 100 ] && { echo "it does not run"; exit 1; }
done
skep top int 0.2 co 2 sort runs id $id pid $busy name 'tu*' type xdp all >out || exit
[ "$(grep -cE "^ +[0-9.]+ +[0-9.]+ +[0-9]+ +$id  turn +xdp +skep\($busy\)" out)" = 2 ] || { cat out; exit 1; }
[ "$(grep -cE '^ +CPU% +\[RUNS/S\] +NS/RUN +ID  NAME +TYPE +HOLDERS$' out)" = 2 ] || { cat out; exit 1; }
is '^skep top  [0-9:]{8}  [0-9.]+% CPU  [0-9.]+ runs/s  [01] ran of [0-9]+ loaded  [0-9]+\.[0-9] s$'
for words in 'name x*' 'type kprobe' 'pid 1' "id $idle"; do
	skep top interval 0.05 count 1 id $id $words >out 2>&1 && is_not "  turn "
done
skep top interval 0.05 count 1 id $idle >out && is_not drop_all
skep top interval 0.05 count 1 id $idle all >out
is "^ +0\.00 +0\.0 +0 +$idle  drop_all "
skep top -j interval 0.3 count 3 id $id all >json || exit
skep top -p interval 0.1 count 1 type xdp name 'tur*' all >pretty || exit
printf 'top interval 0.1 count 2 all id %s\nprog show id %s\n' $id $id >lines
ln -s "$(command -v skep)" bpftool
./bpftool batch file lines -j >batch || exit
for signal in INT TERM HUP; do
	: >stream
	skep top -j interval 0.05 id $id >stream &
	top=$!
	n=0
	until [ "$(wc -l <stream)" -ge 2 ] || [ $n = 400 ]; do
		n=$((n + 1))
		sleep 0.05
	done
	kill -$signal $top
	wait $top || { echo "status $? after $signal"; exit 1; }
	cat stream >>streams
done
python3 - $id $busy <<'END' || exit
import json, sys
id, pid = map(int, sys.argv[1:])
lines = [json.loads(line) for line in open("json")]
assert len(lines) == 3, lines
times = [line["time_ms"] for line in lines]
assert times == sorted(times) and len(set(times)) == 3, times
for line in lines + [json.load(open("pretty"))]:
    rows = [row for row in line["programs"] if row["id"] == id]
    assert len(rows) == 1 and line["duration_ns"] > 0 and line["loaded"] > 0, line
    row = rows[0]
    assert (row["type"], row["name"]) == ("xdp", "turn"), row
    assert row["average_ns"] == row["run_time_ns"] // max(row["run_cnt"], 1), row
    assert (row["run_cnt"] > 0) == (row["runs_per_second"] > 0), row
    assert {"pid": pid, "comm": "skep"} in row["pids"], row
    share = 100 * row["run_time_ns"] / line["duration_ns"]
    assert abs(row["cpu_percent"] - share) < 0.006, row
    for member in "run_cnt", "run_time_ns":
        assert line[member] == sum(r[member] for r in line["programs"]), line
assert sum(line["run_time_ns"] for line in lines) > 0, lines
both = json.load(open("batch"))
assert [len(each["output"]) for each in both][0] == 2 and both[1]["output"]["id"] == id, both
streams = [json.loads(line) for line in open("streams")]
assert len(streams) >= 6 and all("programs" in each for each in streams), streams
END

# ---- on a terminal
TERM=dumb skep top interval 0.05 count 1 id $id all </dev/null | grep -q turn || exit
cat >screen.py <<'END'
import fcntl, os, pty, re, select, signal, struct, sys, termios, time

ENTER, LEAVE = b"\x1b[?1049h\x1b[?25l", b"\x1b[?25h\x1b[m\x1b[?1049l"


class Screen:
    """skep top on a terminal of its own, below a shell: one that notices when it stops."""

    def __init__(self, *words, size=(24, 100)):
        self.master, self.slave = pty.openpty()
        self.resize(*size)
        self.before = termios.tcgetattr(self.slave)
        self.said, self.at = b"", 0
        self.reports, report = os.pipe()
        self.shell = os.fork()
        if not self.shell:
            os.setsid()
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
            signal.signal(signal.SIGTTOU, signal.SIG_IGN)
            child = os.fork()
            if not child:
                os.setpgid(0, 0)
                os.tcsetpgrp(self.slave, os.getpid())
                signal.signal(signal.SIGTTOU, signal.SIG_DFL)
                for fd in range(3):
                    os.dup2(self.slave, fd)
                os.environ["TERM"] = "xterm"
                os.execvp("skep", ["skep", "top", *words])
            os.write(report, b"pid %d\n" % child)
            while True:
                _, status = os.waitpid(child, os.WUNTRACED)
                kept = termios.tcgetattr(self.slave) == self.before
                os.write(report, b"%s %d %d\n" % (b"stopped" if os.WIFSTOPPED(status) else b"ended", status, kept))
                if not os.WIFSTOPPED(status):
                    os._exit(0)
        os.close(report)
        self.pid = int(self.report("pid")[0])

    def resize(self, lines, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def take(self, seconds):
        if select.select([self.master], [], [], seconds)[0]:
            self.said += os.read(self.master, 65536)
            return True
        return False

    def report(self, kind):
        text, end = b"", time.time() + 20
        while not text.endswith(b"\n"):
            self.take(0)
            if select.select([self.reports], [], [], 0.02)[0]:
                text += os.read(self.reports, 1)
            assert time.time() < end, ("no report", kind, self.said[-600:])
        words = text.decode().split()
        assert words[0] == kind, (words, kind, self.said[-600:])
        return words[1:]

    def until(self, text):
        end = time.time() + 20
        while text not in self.said[self.at:]:
            assert time.time() < end, ("not shown", text, self.said[-1500:])
            self.take(0.2)
        self.at = self.said.index(text, self.at) + len(text)

    def press(self, keys):
        while self.take(0):
            pass
        self.at = len(self.said)
        os.write(self.master, keys)

    def is_restored(self, status):
        how, kept = self.report("ended")
        while self.take(0.05):
            pass
        os.waitpid(self.shell, 0)
        assert int(how) == status and kept == "1", (how, kept)
        assert self.said.count(LEAVE) >= 1 and self.said.rindex(LEAVE) > self.said.rindex(ENTER), self.said[-600:]
        assert termios.tcgetattr(self.slave) == self.before
        os.close(self.master)
        os.close(self.slave)


turn = sys.argv[1].encode()
# Keys.
s = Screen("interval", "0.1", "id", sys.argv[1])
s.until(ENTER)
s.until(b"counting runs")
s.until(b"[CPU%]")
s.until(turn + b"  turn ")
for key, heading in (b"r", b"[RUNS/S]"), (b"t", b"[NS/RUN]"), (b"i", b"[ID]"), (b"n", b"[NAME]"), (b"y", b"[TYPE]"), (b"c", b"[CPU%]"):
    s.press(key)
    s.until(heading)
s.press(b"\x1b[B\x1b[6~\x1b[A\x1b[5~\x1b[H\x1b[F\x1b[15~\x1bOAaa\xff\x00\x1b[")
s.until(turn + b"  turn ")
# A terminal that is hardly one.
s.resize(4, 20)
end = time.time() + 20
while True:
    s.until(b"\x1b[J")
    frame = s.said[: s.at].rsplit(b"\x1b[H", 1)[1].decode()
    lines = re.sub("\x1b\\[[0-9;?]*[A-Za-z]|\r", "", frame).split("\n")
    if len(lines) == 4 and all(len(line) <= 20 for line in lines):
        break
    assert time.time() < end, lines
s.resize(1, 1)
s.until(b"\x1b[J")
s.resize(24, 100)
s.until(turn + b"  turn ")
# Stopped by the key, and by a signal that nobody sees; gone on with.
s.press(b"\x1a")
assert s.report("stopped")[1] == "1"
s.until(LEAVE)
os.kill(s.pid, signal.SIGCONT)
s.until(ENTER)
s.until(turn + b"  turn ")
os.kill(s.pid, signal.SIGSTOP)
s.report("stopped")
termios.tcsetattr(s.slave, termios.TCSANOW, s.before)
s.at = len(s.said)
os.kill(s.pid, signal.SIGCONT)
s.until(ENTER)
s.until(turn + b"  turn ")
assert not termios.tcgetattr(s.slave)[3] & termios.ICANON
s.press(b"q")
s.is_restored(0)
# Ended from outside, and by keys.
for sent, status in (
    (signal.SIGINT, 0), (signal.SIGTERM, 0), (signal.SIGHUP, 0), (signal.SIGSEGV, 11), (b"\x03", 0), (b"\x1c", 3),
):
    s = Screen("interval", "0.1")
    s.until(b"ran of")
    if isinstance(sent, bytes):
        s.press(sent)
    else:
        os.kill(s.pid, sent)
    how = status
    if status:
        how, kept = s.report("ended")
        assert int(how) & 0x7f == status and kept == "1", (how, kept)
        while s.take(0.05):
            pass
        assert s.said.rindex(LEAVE) > s.said.rindex(ENTER)
        os.waitpid(s.shell, 0)
    else:
        s.is_restored(0)
# The last table stays.
s = Screen("interval", "0.1", "count", "2", "all", "id", sys.argv[1])
s.is_restored(0)
assert turn + b"  turn " in s.said[s.said.rindex(LEAVE) :], s.said
# JSON is no screen.
s = Screen("-j", "interval", "0.1", "count", "1")
s.report("ended")
assert ENTER not in s.said and b'{"time_ms":' in s.said, s.said
END
ulimit -c 0
python3 screen.py $id || exit
