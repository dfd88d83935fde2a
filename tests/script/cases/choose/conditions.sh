# expect: all
# Each condition alone, and what is known of options, parameters and the configuration.
yes() {
	condition=$1
	shift
	skep --mode codegen -e "if ($condition) { begin { } } else { no_such:probe { } }" "$@" ||
		echo "no: $condition"
}
yes true
yes '!false'
yes '3 > 2 && 2 >= 2 && 1 < 2 && 2 <= 2 && 1 != 2 && !(1 == 2)'
yes '"abc" == "abc" && "abc" < "abd"'
yes 'false || 1'
yes 'true || no_such_name'
yes '!(false && no_such_name)'
yes 'comptime (1 + 1 == 2)'
yes 'config.max_strlen == 1024 && config.missing_probes == "error"'
yes 'has_field(struct { int a; } *, a) == false'
yes '$1 == 7 && $# == 1' 7
yes 'getopt("n", 3) == 4 && getopt("w", "x") == "y" && getopt("f")' -- --n=4 --w=y --f
yes '!kfunc_exist("no_such_function")'
yes 'probe_exists("begin") && probe_exists("interval:s:1") && probe_exists("END")'
yes '!probe_exists("uprobe:/no/such/file:main")'
yes '!probe_exists("tracepoint:no_such:event") && !probe_exists("tracepoint:no_such*:*")'
skep --mode codegen -e 'macro both(a, b) { a && b } if (both(1, 0)) { no:such { } } begin { }' >/dev/null || echo no macros
# An option that only a condition asks for is one of the program.
skep --mode codegen -e 'if (getopt("deep", false, "more of it")) { begin { } } end { }' -- --help |
	grep -qx -- '--deep: more of it' || echo no help
skep --mode codegen -e 'if (getopt("deep")) { begin { } } end { }' -- --deap 2>&1 |
	grep -q 'unexpected program command line options: --deap' || echo no mistake
# Nothing is left: that is said as for any program that attaches to nothing.
[ "$(skep --dry-run -e 'if (false) { begin { } }')" = "No probes to attach" ] || echo something left
# What is compiled to be kept does not know its options yet.
skep --aot kept -e 'if (getopt("deep")) { begin { } } end { }' 2>err && echo kept
grep -q '^HINT: with --aot, options get their values when the script is run$' err || cat err
# The list of a script's probes has what was chosen.
echo 'if (false) { interval:s:2 { } } else { software:cpu-clock:1 { } } interval:s:3 { }' >a.bt
[ "$(skep -l a.bt)" = "$(printf 'software:cpu-clock:1\ninterval:s:3')" ] || echo other list
echo all
