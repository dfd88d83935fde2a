# timeout: 90
# requires: test -e "$(dirname "$(command -v work)")/events.bpf.o"
# Which programs take time: a program of our own that runs all the time, as tables, as lines of JSON, in a terminal.
p=/sys/fs/bpf/top
mkdir $p || exit
trap 'kill $busy 2>/dev/null; rm -r $p' EXIT
bpftool prog load "$(dirname "$(command -v work)")/events.bpf.o" $p/say 2>/dev/null || exit
id=$(bpftool prog show pinned $p/say | sed -n '1s/:.*//p')
head -c 64 /dev/zero >packet
bpftool prog run pinned $p/say data_in packet repeat 1000000000 >/dev/null 2>&1 &
busy=$!
skep top id "$id" interval 0.3 count 3 -j >stream || exit
skep top id "$id" pid $busy interval 0.3 count 3 >table || exit
skep top name 'sa*' type xdp sort runs interval 0.3 count 2 >named || exit
skep top id "$id" name 'nothing*' interval 0.1 count 1 >none || exit
id=$id busy=$busy python3 - <<'END' || exit
import json, os
lines = [json.loads(line) for line in open("stream")]
assert len(lines) == 3, lines
ran = [p for line in lines for p in line["programs"]]
assert ran, "it was not seen"
for p in ran:
    assert p["id"] == int(os.environ["id"]) and p["type"] == "xdp" and p["name"] == "say", p
    assert p["run_cnt"] > 0 and p["run_time_ns"] > 0 and 0 <= p["cpu_percent"], p
    assert p["ns_per_run"] == p["run_time_ns"] // p["run_cnt"], p
    assert {"pid": int(os.environ["busy"]), "comm": "bpftool"} in p["pids"], p
END
for table in table named; do
	grep -Eq "^ *$id xdp +[0-9.]+ +[0-9]+ +[0-9]+ say .*bpftool\($busy\)" $table || { echo "not in $table"; cat $table; exit 1; }
done
grep -q ' xdp ' none && { echo "what was filtered"; exit 1; }
[ "$(grep -c 'ID TYPE' table)" = 3 ] || { echo "not three tables"; exit 1; }

# In a terminal: the other screen, sorted by keys, another size; given back as it was by q and by signals.
id=$id python3 - <<'END' || exit
import fcntl, os, pty, select, signal, struct, sys, termios, time

def until(fd, seen, text):
    end = time.time() + 20
    while text not in seen[0]:
        left = end - time.time()
        if left <= 0 or not select.select([fd], [], [], left)[0]:
            sys.exit("no %r in %r" % (text, seen[0][-600:]))
        try:
            seen[0] += os.read(fd, 65536)
        except OSError:
            sys.exit("ended without %r: %r" % (text, seen[0][-600:]))

def run(end):
    master, slave = pty.openpty()
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 10, 70, 0, 0))
    before = termios.tcgetattr(slave)
    pid = os.fork()
    if not pid:
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        for fd in 0, 1, 2:
            os.dup2(slave, fd)
        os.execvp("skep", ["skep", "top", "id", os.environ["id"], "interval", "0.2"])
    seen = [b""]
    until(master, seen, b"\x1b[?1049h")
    until(master, seen, b" xdp ")
    assert not termios.tcgetattr(slave)[3] & termios.ICANON, "lines"
    assert max(map(len, seen[0].split(b"\r\n"))) < 110, "longer than the screen"
    os.write(master, b"r")
    until(master, seen, b"by runs")
    os.write(master, b"z")
    os.write(master, b"n")
    until(master, seen, b"by name")
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 200, 0, 0))
    until(master, seen, b"HELD BY")
    end(master, pid)
    until(master, seen, b"\x1b[?1049l")
    assert b"\x1b[?25h" in seen[0], "no cursor"
    _, status = os.waitpid(pid, 0)
    assert status == 0, status
    assert termios.tcgetattr(slave) == before, "the terminal is not as it was"
    os.close(master)
    os.close(slave)

run(lambda master, pid: os.write(master, b"q"))
run(lambda master, pid: os.write(master, b"\x03"))
run(lambda master, pid: os.kill(pid, signal.SIGTERM))
run(lambda master, pid: os.kill(pid, signal.SIGHUP))
END

while IFS='|' read -r words message; do
	skep top $words 2>&1 | grep -qxF "Error: $message" || { echo "top $words: not '$message'"; skep top $words; exit 1; }
done <<'END'
foo|'foo' needs at least 1 arguments, 0 found
foo 1|expected 'sort', 'name', 'type', 'id', 'pid', 'interval' or 'count', got: 'foo'?
sort size|expected 'cpu', 'runs', 'average', 'name', 'type' or 'id', got: 'size'?
type nosuch|unrecognized program type: nosuch
id x|can't parse x as ID
id 0|can't parse 0 as ID
pid 0|can't parse 0 as PID
count 0|can't parse 0 as a count
interval 0|can't parse 0 as seconds
interval 1s|can't parse 1s as seconds
END
echo "top interval 0.1 count 1" >batch
ln -s "$(command -v skep)" bpftool
./bpftool -j batch file batch >said
grep -q 'not in a batch' said || { echo "in a batch"; cat said; exit 1; }
