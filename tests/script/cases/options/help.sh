# What -h prints, word for word; without a right to anything, before the engine is chosen.
cat >opensnoop.bt <<'END'
#!/usr/bin/env skep
// SPDX-License-Identifier: GPL-2.0-only
// opensnoop: trace files that are opened.
// And more about it.
options = {
	timestamp = flag("-T, --timestamp", "seconds since the first event");
	verbose   = count("-v", "more; repeatable");
	pid       = int("-p, --pid PID", "this process only");
	tid       = int("-t, --tid TID", "this thread only");
	name      = text("-n, --name NAME", "processes whose names contain this text, anywhere in them, or nothing at all");
	sort      = choice("-s, --sort all|reads|writes", "by which column", "all");
	ports     = ints("--port LIST", "");
	command   = command("--exec CMD...", "run this and follow it");
	file      = text("FILE", "what to look at");
	interval  = int("[interval]", "seconds between reports", 99999999);
	probes    = texts("[PROBE...]", "what to trace");
	exclusive(tid, pid);
	example("opensnoop -x", "only failed ones");
	example("opensnoop -p 181 -T", "process 181");
	example("opensnoop --a-very-long-example --of-a-line /etc", "long");
	example("opensnoop", "");
}
begin { }
END
cat >want <<'END'
usage: opensnoop [-h] [-T] [-v] [-p PID | -t TID] [-n NAME]
                 [-s {all,reads,writes}] [--port LIST] [--exec CMD...] FILE
                 [interval] [PROBE...]

trace files that are opened.

positional arguments:
  FILE                  what to look at
  interval              seconds between reports
  PROBE                 what to trace

options:
  -h, --help            show this help message and exit
  -T, --timestamp       seconds since the first event
  -v                    more; repeatable
  -p, --pid PID         this process only
  -t, --tid TID         this thread only
  -n, --name NAME       processes whose names contain this text, anywhere in
                        them, or nothing at all
  -s, --sort {all,reads,writes}
                        by which column
  --port LIST
  --exec CMD...         run this and follow it

examples:
    opensnoop -x         # only failed ones
    opensnoop -p 181 -T  # process 181
    opensnoop --a-very-long-example --of-a-line /etc  # long
    opensnoop
END
helps() {
	"$@" >out 2>err || { echo "$*: status $?"; cat err; exit 1; }
	[ ! -s err ] && cmp out want || { echo "$*"; cat out err; exit 1; }
}
helps skep opensnoop.bt -h
helps skep opensnoop.bt --help
helps skep opensnoop.bt --he
helps skep ./opensnoop.bt x -Th --nonsense
helps skep -e "$(cat opensnoop.bt)" -h
helps skep -q --engine kernel - -h <opensnoop.bt
helps env BPFTRACE_BTF=/nonexistent PATH="$PATH" skep opensnoop.bt -h
sed -i 's/usage: opensnoop/usage: other   /' want
sed 's/opensnoop:/nothing/' opensnoop.bt >other.bt
skep other.bt -h >out || exit 1
grep -qxF 'nothing trace files that are opened.' out || { cat out; exit 1; }
# behind a script without the block, -h is skep's
skep -e 'begin { }' -h >out || exit 1
grep -qx 'USAGE:' out || exit 1
skep -h opensnoop.bt >out || exit 1
grep -qx 'USAGE:' out || exit 1
# the least there is
skep -e 'options = { } begin { }' -h >out || exit 1
printf '%s\n' 'usage: script [-h]' '' 'options:' '  -h, --help            show this help message and exit' | cmp - out
