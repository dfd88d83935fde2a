# timeout: 60
# requires-kernel: 6.6
# expect: 1200
# expect: 1 0
# expect: 1200 0
# A program whose jumps are longer than 16 bits can say: 1200 lines, 50,000 instructions. The
# numbers are beyond what a pid can be.
awk 'BEGIN {
	print "begin {"
	for (i = 1; i <= 1200; i++)
		printf "if (pid != 0 && cpid != %d) { printf(\"%d %%d\\n\", cpid == %d); }\n", i + 1e9, i, i + 1e9
	print "exit(); }"
}' >far.bt
skep -q -c true far.bt >out || exit
grep -c ' 0$' out
grep -E '^(1|1200) ' out
