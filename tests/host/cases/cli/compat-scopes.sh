# Variables belong to the probe, as until 0.22, and one of several attach points may be missing.
# expect: 6 2 ::1
# expect: 3
# expect: status 1
# expect-err-re: ^inner\.bt:11:1-21: WARNING: No matches for tracepoint nope:nope\. Skipping\.$
# expect-err-re: ^inner\.bt:5:15-17: ERROR: Undefined or undeclared variable: \$x$
# expect-err-re: ^HINT: it ended with the block of its first assignment: put `let \$x;` in front of that block
cat >inner.bt <<'END'
begin {
	if (pid) { $x = 5; $a = ntop(10, pton("::1")); } else { $a = ntop(pton("0.0.0.0")); }
	unroll (2) { $n = 2; }
	$x += 1;
	printf("%d %d %s\n", $x, $n, $a);
	for $i : 0..3 { @m[$i] = 1; let $in = $i; }
	print(len(@m));
	clear(@m);
	exit();
}
tracepoint:nope:nope, interval:s:100 { $x = 1; }
END
skep -q --compat=0.17 inner.bt
sed -i '4d; /nope/d' inner.bt
sed -i 's/printf.*/\n\tprintf("%d", $x);/' inner.bt
skep -q inner.bt >&2; echo "status $?"
