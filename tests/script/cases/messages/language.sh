# Messages that no other case provokes, each with a script that deserves it.
bad=0
say() { # TEXT SCRIPT OPTION...
	text=$1 script=$2
	shift 2
	skep --mode codegen "$@" -e "$script" >out 2>err
	grep -qF -- "$text" err && return
	echo "expected: $text"
	printf 'script: %.200s\n' "$script"
	cat err
	bad=1
}
say 'lhist() bounds must fit an int64' 'begin { @ = lhist(1, 0, 18446744073709551615, 18446744073709551615); }'
say 'lhist() min must be less than max (provided min 10 and max 5)' 'begin { @ = lhist(1, 10, 5, 1); }'
say 'Failed to look up cgroup id of' 'begin { print(cgroupid("/nowhere")); }'
say 'Only maps can be printed with top and div arguments' 'begin { print(1, 2); }'
say 'Unable to print none' 'begin { print(exit()); }'
say 'delete() expects a map and a key, or one map element' 'begin { @a[1] = 1; delete(@a[1], @a); }'
say 'macaddr() argument must be 6 bytes in size' 'struct a { char b[5]; } begin { $p = (struct a *)1; print(macaddr($p.b)); }'
say 'ntop() argument must be 4 or 16 bytes in size' 'struct a { char b[5]; } begin { $p = (struct a *)1; print(ntop($p.b)); }'
say 'ntop() only supports int arguments (string provided)' 'begin { print(ntop("a", 1)); }'
say 'print() expects a non-negative int literal' 'begin { @a[1] = 1; print(@a, -1); }'
say 'print() expects an int literal (string provided)' 'begin { @a[1] = 1; print(@a, "a"); }'
say 'cannot be part of a tuple' 'begin { print((1, exit())); }'
say 'has no member of value 7' 'enum e { A = 1 } begin { $a = (enum e)7; }'
say 'A type cannot be used as a value' 'begin { print(typeof(1)); }'
say 'Cannot dereference a pointer to an unsized type' 'begin { $a = (void *)1; print(*$a); }'
say "The * operator can not be used on expressions of type 'string[2]'" 'begin { print(*"a"); }'
say "cannot be stored in a map" 'begin { @ = exit(); }'
say 'The array index operator [] can only be used on arrays and pointers, found bool.' 'begin { $a = true; print($a[0]); }'
say "Unknown struct/union: 'nosuch'" 'struct a { struct nosuch *p; }; begin { $a = (struct a *)1; print($a.p.x); }'
say "has no field named 'nosuch'" 'tracepoint:sched:sched_switch { print(args.nosuch); }'
say 'Loop expression does not support type: hist_t' 'begin { @a[1] = hist(1); for ($k : @a) { } }'
say 'Loop range requires an integer for the start value' 'begin { for ($a : "a"..2) { } }'
say "Value 'none' cannot be assigned to a scratch variable." 'begin { $a = exit(); }'
say 'unroll expects a literal integer' 'begin { unroll(pid) { } }'
say 'buf() expects a length argument for non-array type' 'begin { print(buf((int8 *)1)); }'
say 'buf() length is too long and will be shortened to 1020 bytes (see max_strlen)' 'begin { print(buf((int8 *)1, 5000)); }'
say 'BPF maps, a program can use 64 at most; spread them over several probes' "begin { $(i=0; while [ $i -lt 70 ]; do echo "@m$i[1] = 1;"; i=$((i + 1)); done) }"
say 'expected a parameter: $variable, @map or name' 'macro a(1) { } begin { }'
say 'expected macro name' 'macro 1() { } begin { }'
say "operators in one statement" "begin { print(1$(i=0; while [ $i -lt 5000 ]; do printf '+pid'; i=$((i + 1)); done)); }"
say "'*' or '[]' in a type" "begin { print((int8 $(i=0; while [ $i -lt 400 ]; do printf '*'; i=$((i + 1)); done))1); }"
say 'expected a number, a string or a word' 'config = { max_strlen = ; } begin { }'
say 'expected map' 'let x = hash(1); begin { }'
say 'expected map type' 'let @x = 1; begin { }'
say 'root imports must appear before probes and functions' 'begin { } import "a";'
say 'expected "FILENAME" or <FILENAME>' '#include x
begin { }'
say 'macro name must be an identifier' '#define 1
begin { }'
say 'malformed #if expression' '#if 1 +
#endif
begin { }'
say 'unterminated conditional directive' '#if 1
begin { }'
say 'kstack can not be used inside a for loop, assign it to a variable first' 'kprobe:vfs_read { @a[1] = 1; for ($k : @a) { print(kstack); } }'
say 'probe can not be used inside a for loop when there are several attach points, assign it to a variable first' 'kprobe:vfs_read, kprobe:vfs_write { @a[1] = 1; for ($k : @a) { print(probe); } }'
say 'kstack can not be used inside a for loop, assign it to a variable first' 'kprobe:vfs_read { @a[1] = 1; for ($k : @a) { print(kstack); } }'
say 'is not passed in a register on this CPU (at most arg5)' 'kprobe:vfs_read { print(arg6); }'
say 'The retval builtin is not available: the function returns void' 'fexit:vmlinux:kfree { print(retval); }'
say 'The arguments of uprobe:/bin/true:0x10 are not known here' "uprobe:/bin/true:0x10 { print(args.x); }" --unsafe
say 'output from inside a for loop over a map or a long range is not possible in iter probes' 'iter:task { @a[1] = 1; for ($k : @a) { printf("a"); } }'
say 'override can not be used inside a for loop' 'kprobe:vfs_read { for ($a : 0..pid) { override(1); } }' --unsafe
say 'bytes do not fit the scratch memory of a program (at most 32768)' 'config = { max_strlen = 16384; } begin { @[str(1), str(2), str(3)] = 1; }'
say 'iter:bpf_map_elem walks over the elements of one BPF map, and an attach point has no way to name it' 'iter:bpf_map_elem { }'
say 'Invalid address: 0xzz' 'uprobe:/bin/sh:0xzz { }'
say "Missing source file after '@'" 'uprobe:/bin/sh@:1 { }'
say "'_printk' has arguments that fentry can't pass on" 'fentry:_printk { }'
say "debugf() writes to the kernel's trace pipe, which everybody on the machine shares: for debugging only" 'begin { debugf("a"); }'
say 'reg can not be used inside a for loop, assign it to a variable first' 'profile:hz:99 { @a[1] = 1; for ($k : @a) { print(reg("ip")); } }'
say 'WARNING: Script is using an unstable feature: import statement. To prevent this warning you must explicitly enable it in the config e.g. unstable_import_statement=enable' \
	'config = { unstable_import_statement = warn } begin { import "base"; }'
exit $bad
