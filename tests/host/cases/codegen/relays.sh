# timeout: 60
# expect: 1200
# expect: 1 0
# expect: 1200 0
# expect: left early
# expect: 2400 0
# expect: 3
# Without cpu v4's long goto a jump over 50,000 instructions goes by relays: forwards out of a block
# around everything, and backwards to a loop's begin.
awk 'BEGIN {
	print "begin { if (cpid == 0) { return; }"
	print "if (cpid == 1 || pid != 0) {"
	for (i = 1; i <= 1200; i++)
		printf "if (pid != 0 && cpid != %d) { printf(\"%d %%d\\n\", cpid == %d); }\n", i + 1e9, i, i + 1e9
	print "} else { printf(\"never\\n\"); } exit(); }"
	print "end { printf(\"left early\\n\"); }"
}' >far.bt
skep -q --no-feature cpu_v4 -c true far.bt >out || exit
grep -c ' 0$' out
grep -E '^(1|1200|left) ' out
awk 'BEGIN {
	print "begin { $n = 0; while ($n < 3) { $n++; if (cpid == 5) { continue; }"
	for (i = 1; i <= 800; i++)
		printf "if (cpid != %d) { @[%d] = $n; }\n", i + 1e9, i
	print "} printf(\"%d 0\\n\", len(@) * $n); print($n); clear(@); exit(); }"
}' >back.bt
skep -q --no-feature cpu_v4 --no-warnings -c true back.bt
