# Mistakes in the options: the text, exactly, and status 1.
bad=0
say() { # TEXT OPTION...
	text=$1
	shift
	skep "$@" >out 2>err
	[ $? = 1 ] || { echo "$*: status"; bad=1; }
	grep -qxF -- "$text" err && return
	echo "expected: $text"
	cat err
	bad=1
}
script='begin { }'
say 'USAGE: Cannot use both -c and -p.' -c true -p 1 -e "$script"
say 'USAGE: Cannot use both -k and --no-warnings.' -k --no-warnings -e "$script"
say "USAGE: filename or -e 'program' required." -v
say "USAGE: filename or -e 'program' required." -f json
say 'USAGE: --no-feature takes kprobe_multi, kprobe_session, uprobe_multi, ringbuf, cpu_v4' --no-feature nonsense -e "$script"
say 'USAGE: --no-feature takes kprobe_multi, kprobe_session, uprobe_multi, ringbuf, cpu_v4' --no-feature kprobe_multi,x -e "$script"
say 'USAGE: Only one of --mode, --test, --bench and --fmt can be used.' --test --bench -e "$script"
say 'USAGE: Only one of --mode, --test, --bench and --fmt can be used.' --mode test --fmt -e "$script"
say 'ERROR: Invalid mode, valid are codegen, compiler-bench, bench, test and format: x' --mode x -e "$script"
say 'ERROR: Invalid output format: xml' -f xml -e "$script"
say 'ERROR: Invalid buffering mode, valid are line, full and none: some' -B some -e "$script"
say 'ERROR: Invalid engine, there are auto, kernel and user: x' --engine x -e "$script"
say 'ERROR: Failed to parse pid: invalid integer: a1111' -p a1111 -e "$script"
say 'ERROR: Failed to parse pid: invalid integer: -1' -p -1 -e "$script"
say 'ERROR: Failed to parse pid: invalid integer: ' -p '' -e "$script"
say 'ERROR: Failed to parse pid: invalid trailing bytes: 111a1' -p 111a1 -e "$script"
say 'ERROR: Pid out of range: 0' -p 0 -e "$script"
say 'ERROR: Pid out of range: 4194305' -p 4194305 -e "$script"
say 'ERROR: Pid out of range: 99999999999999999999999' -p 99999999999999999999999 -e "$script"
say 'ERROR: Failed to parse pid: invalid integer: x' --dwarf-pid x -e "$script"
say "ERROR: failed to open file 'x.bt': No such file or directory" x.bt
say "ERROR: failed to open file '.': Is a directory" .
say 'ERROR: Failed to open output file: "/nowhere/x": No such file or directory' -o /nowhere/x -e "$script"
say 'ERROR: Failed to write output file: "/dev/full": No space left on device' --fmt -e "$script" -o /dev/full
say 'ERROR: --emit-llvm: skep has its own compiler and no LLVM' --emit-llvm x -e "$script"
say 'ERROR: --verify-llvm-ir: skep has its own compiler and no LLVM' --verify-llvm-ir -e "$script"
say "skep: option '--inc' is ambiguous; possibilities: '--include-dir' '--include'" --inc
say "skep: unrecognized option '--nonsense'" --nonsense
say "Try 'skep --help' for the options." --nonsense
exit $bad
