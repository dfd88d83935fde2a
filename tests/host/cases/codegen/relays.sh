# timeout: 60
# expect: 400
# expect: 1 0
# expect: 400 0
# expect: left early
# expect: 1200 0
# expect: 3
# expect-not-re: not far
# Without cpu v4's long goto a jump over 40,000 instructions goes by relays: forwards out of a block
# around everything, and backwards to a loop's begin. A long text stored makes a line long.
is_far() {
	skep -q --no-feature cpu_v4 --no-warnings -c true --dry-run -d bpf "$1" |
		grep -Eq '^; program begin, [4-9][0-9]{4} ' || echo "$1 is not far"
}
awk 'BEGIN {
	for (long = "x"; length(long) < 400;)
		long = long "x"
	print "begin { if (cpid == 0) { return; }"
	print "if (cpid == 1 || pid != 0) {"
	for (i = 1; i <= 400; i++)
		printf "if (pid != 0 && cpid != %d) { @s = \"%s\"; printf(\"%d %%d\\n\", cpid == %d); }\n", i + 1e9, long, i, i + 1e9
	print "} else { printf(\"never\\n\"); } clear(@s); exit(); }"
	print "end { printf(\"left early\\n\"); }"
}' >far.bt
is_far far.bt
skep -q --no-feature cpu_v4 --no-warnings -c true far.bt >out || exit
grep -c ' 0$' out
grep -E '^(1|400|left) ' out
awk 'BEGIN {
	for (long = "x"; length(long) < 400;)
		long = long "x"
	print "begin { $n = 0; while ($n < 3) { $n++; if (cpid == 5) { continue; }"
	for (i = 1; i <= 400; i++)
		printf "if (cpid != %d) { @s = \"%s\"; @[%d] = $n; }\n", i + 1e9, long, i
	print "} printf(\"%d 0\\n\", len(@) * $n); print($n); clear(@); clear(@s); exit(); }"
}' >back.bt
is_far back.bt
skep -q --no-feature cpu_v4 --no-warnings -c true back.bt
