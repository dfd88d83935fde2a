# expect: ERROR: The calls from here are 8 deep, loops among them; a program has at most 7
# expect: HINT: the deepest calls: begin > f7 > f6 > f5 > f4 > f3 > f2 > f1 > f0
# expect: ERROR: begin calls 300 functions, loops among them; a program has at most 255
# expect-re: ERROR: The calls from here need [56][0-9][0-9] bytes of stack; a program has 512$
# expect-re: ^HINT: the deepest calls: begin \([0-9]+\) > f1 \([0-9]+\) > f0 \([0-9]+\) > leaf \(0\)$
# expect: fine
# What the kernel's verifier allows calls is known before it is asked.
chain() { # DEPTH: f0 is called by f1, that by f2, ...
	awk -v n="$1" 'BEGIN {
		print "fn f0($a : int64) : int64 { return $a; }"
		for (i = 1; i < n; i++)
			printf "fn f%d($a : int64) : int64 { return f%d($a) + 1; }\n", i, i - 1
		printf "begin { @a = f%d(1); }\n", n - 1
	}'
}
wide() { # three functions, N integers kept in each across a call
	awk -v n="$1" 'BEGIN {
		print "fn leaf($a : int64) : int64 { return (int64)rand; }"
		for (f = 0; f < 2; f++) {
			printf "fn f%d($a : int64) : int64 {\n", f
			for (i = 0; i < n; i++)
				printf "let $v%d = rand;\n", i
			printf "$r = %s($a);\nreturn $r", f ? "f0" : "leaf"
			for (i = 0; i < n; i++)
				printf " + (int64)$v%d", i
			print ";\n}"
		}
		print "begin { print(f1(1) > 0); }"
	}'
}
skep --mode codegen -e "$(chain 8)" 2>&1 | sed 's/^stdin:9:14-19: //'
skep --mode codegen -e "$(chain 300)" 2>&1
skep --mode codegen -e "$(wide 36)" 2>&1 | sed 's/^stdin:[0-9:-]*: //'
skep --mode codegen -e "$(chain 7)" && skep --mode codegen -e "$(wide 20)" && echo fine
