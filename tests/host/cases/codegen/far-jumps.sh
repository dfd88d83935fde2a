# timeout: 60
# requires-kernel: 6.6
# expect: 400
# expect: 1 0
# expect: 400 0
# expect-not-re: not far
# A program whose jumps are longer than 16 bits can say: 400 lines, some 50,000 instructions, as each
# stores a long text. The numbers are beyond what a pid can be.
awk 'BEGIN {
	for (long = "x"; length(long) < 400;)
		long = long "x"
	print "begin {"
	for (i = 1; i <= 400; i++)
		printf "if (pid != 0 && cpid != %d) { @s = \"%s\"; printf(\"%d %%d\\n\", cpid == %d); }\n", i + 1e9, long, i, i + 1e9
	print "clear(@s); exit(); }"
}' >far.bt
skep -q --no-warnings -c true --dry-run -d bpf far.bt | grep -Eq '^; program begin, [4-9][0-9]{4} ' || echo 'not far'
skep -q --no-warnings -c true far.bt >out || exit
grep -c ' 0$' out
grep -E '^(1|400) ' out
