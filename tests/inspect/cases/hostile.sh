# timeout: 120
# Names with quotes, line ends and escapes, and objects that go while they are read: JSON stays JSON, a
# terminal is left alone, nothing crashes.
p=/sys/fs/bpf/hostile
mkdir $p || exit
ln -s "$(command -v skep)" bpftool
mkfifo life1 life2
path="$p/$(printf 'a"b\nc\033[31m\\\377')"
hostile hold "$path" <life1 >held &
exec 8>life1
trap 'exec 8>&- 9>&-; wait; rm -r $p' EXIT
wait-until '[ -s held ]' || exit 1
hostile churn "$path" <life2 &
exec 9>life2

cat >look.py <<'END'
import json, subprocess, sys

def run(*words):
    done = subprocess.run(["./bpftool", *words], capture_output=True, timeout=60)
    if done.returncode < 0 or done.returncode > 255:
        sys.exit(f"{words}: exit status {done.returncode}")
    return done

def parsed(*words):
    done = run(*words)
    try:
        return json.loads(done.stdout)
    except ValueError as why:
        sys.exit(f"{words}: {why}: {done.stdout[:2000]}")

mine = [m for m in parsed("-jf", "map", "show") if m.get("name") == "hostile"]
assert len(mine) == 1, mine
assert any(holder["comm"].startswith('a"\n\x1b[31m\\') for holder in mine[0]["pids"]), mine
assert mine[0]["pinned"][0].startswith('/sys/fs/bpf/hostile/a"b\nc\x1b[31m\\'), mine
number = str(mine[0]["id"])
plain = run("-f", "map", "show", "id", number).stdout
assert b"\x1b" not in plain and plain.count(b"\n") == 4, plain
n_seen = 0
for _ in range(15):
    for words in (["map", "show"], ["prog", "show"], ["link", "show"], ["perf", "show"], ["btf", "show"]):
        for options in ("-j", "-p", "-jf"):
            found = parsed(options, *words)
            assert isinstance(found, list), (words, found)
            n_seen += sum(o.get("name") == "hostile_churn" for o in found)
        run(*words)
    for entry in parsed("-j", "map", "dump", "id", number):
        assert len(entry["key"]) == 4 and len(entry["value"]) == 8, entry
    run("map", "dump", "id", number)
    run("prog", "dump", "xlated", "name", "hostile_churn")
    run("-j", "prog", "show", "name", "hostile_churn")
assert n_seen, "nothing came and went while it was looked at"
END
python3 look.py
