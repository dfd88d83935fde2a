# What can't be found or read is told of.
# expect: 1 ERROR: No matches for usdt MARKS:nonesuch.
# expect: 1 ERROR: No matches for usdt MARKS:guaded.
# expect: 1 HINT: did you mean usdt:MARKS:skep_test:guarded?
# expect: 1 ERROR: usdt target file '/nonesuch' does not exist or is not executable
# expect: 1 ERROR: usdt target file '/etc/passwd' does not exist or is not executable
# expect: 1 ERROR: usdt probe type requires 2 or 3 arguments, found 1
# expect: 1 ERROR: usdt:MARKS:skep_test:guarded has 1 arguments, there is no arg1
# expect: 1 ERROR: The args builtin can only be used with tracepoint, rawtracepoint, fentry/fexit, and uprobe probes (usdt used here)
marks=$(command -v marks)
try()
{
	skep --dry-run -e "$1" >out 2>&1
	sed -n "s,$marks,MARKS,g;s/^.*\(ERROR:\)/\1/;/^ERROR\|^HINT/s/^/$? /p" out
}
try "usdt:$marks:nonesuch { }"
try "usdt:$marks:guaded { }"
try "usdt:/nonesuch:name { }"
try "usdt:/etc/passwd:name { }"
try "usdt:name { }"
try "usdt:$marks:guarded { print(arg1); }"
try "usdt:$marks:guarded { print(args.x); }"
