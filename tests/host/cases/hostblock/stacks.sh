# requires: command -v chain
# timeout: 60
# Stacks in host blocks: lists of frames and folded lines, in each form that there is; what there was no
# room for; how many are kept is an option.
cat >x.bt <<'END'
options = { size = int("-n N", "", 100); }
config = { max_stacks = opt.size }
tracepoint:syscalls:sys_enter_clock_nanosleep /pid == cpid/ { @[ustack, kstack, ustack(3)] = count(); }
host end {
	for ($e : first(@, 1)) {
		$u = $e.0.0;
		$k = $e.0.1;
		printf("frames %s\n", join(frames($u), ";"));
		printf("three %s\n", join(frames($e.0.2), ";"));
		printf("offsets %s\n", join(first(frames($u, "om"), 9), ";"));
		printf("marked %s\n", join(frames($k, "kt"), ";"));
		printf("plain %s\n", join(frames($k, "t"), ";"));
		printf("address %s\n", join(frames($k, "atom"), ";"));
		printf("folded %s\n", folded("a;b", $u, $k, "kt"));
		printf("between %s\n", folded("x", $u, $k, "dt"));
		printf("user %s\n", folded("x", $u, 0, "d"));
		printf("kernel %s\n", folded("x", 0, $k, "dkt"));
		printf("none %s|%s|\n", folded("x", 0, 0), join(frames(7), ";"));
		printf("missed %d%d%d\n", missed($u), missed($k), missed(0));
	}
}
END
fail() { echo "not $1"; cat out err; exit 1; }
skep -q -c 'chain sleep 10 1' x.bt >out 2>err || fail run
cat out
is() { grep -qE "^$1 $2\$" out || fail "$1: $2"; }
# The C library's functions have no frame pointer: whoever called the last of them is lost.
is frames '[^;]*nanosleep[^;]*;(.*;)?middle;outer;run;main;[^ ]*'
is three '[^;]*nanosleep[^;]*;[^;]*;[^;]*'
is offsets '[^;+]*nanosleep[^;+]*\+0x[0-9a-f]+ \[libc.so.6\];.*outer\+0x[0-9a-f]+ \[chain\];.*'
is folded 'a:b;.*;main;run;outer;middle;.*nanosleep[^;]*;[a-z][^;]*_\[k\];.*_\[k\]'
is between 'x;.*;main;.*nanosleep[^;]*;-;[a-z][^;]*;.*'
is user 'x;[^-]*;main;.*nanosleep[^;]*'
is kernel 'x;[^;-]*_\[k\];.*'
is address '0xffff[0-9a-f]{12} [^ +]*\+0x[0-9a-f]+ \[kernel\];.*'
is none 'x\|\|'
is missed 000
[ "$(sed -n 's/^marked //p' out | sed 's/_\[k\]//g')" = "$(sed -n 's/^plain //p' out)" ] || fail plain
# What brought the kernel to the program is no part of it.
sed -n 's/^plain \([^;]*\);.*/\1/p' out | grep -qE '^(bpf_|__traceiter_|__bpf_|perf_|trace_call_bpf|\[unknown)' && fail trimmed
skep -q -c 'chain sleep 10 2' x.bt -n 1 >out 2>err || fail run
is missed '(01|10|11)0'
grep -qE '\[Missed (User|Kernel) Stack\]' out || fail text
grep -q 'WARNING: Too many different stacks; this one is not kept. Try a larger max_stacks.' err
