# The same as errors.sh, of what only the kernel has.
fail=0

check() { # WHERE-THE-TABLE-STANDS
	while IFS='|' read -r script want; do
		script=${script% } want=${want# }
		case $script in
		'' | '#'*) continue ;;
		*'{'*) text=$script ;;
		*) text="begin { $script; }" ;;
		esac
		got=$(skep $1 --dry-run -e "$text" 2>&1 | sed -n 's/^stdin:[0-9:-]*: \(ERROR: .*\)/\1/p' |
			head -n 1)
		[ "$got" = "ERROR: $want" ] && continue
		echo "$text"
		echo "	says: $got"
		echo "	want: ERROR: $want"
		fail=1
	done
}

check "" <<'END'
debugf() | debugf() requires at least one argument (0 provided)
debugf("%c", 1) | debugf() only supports the conversions %d, %u, %x, %p and %s (%c provided)
debugf("%d") | not enough arguments for format string (0 supplied, 1 expected)
debugf("%d%d%d%d", 1, 2, 3, 4) | debugf() takes up to 4 arguments (5 provided)
debugf(1) | debugf() expects a string literal (int provided)
percpu_kaddr("nono") | Failed to resolve kernel symbol: nono
percpu_kaddr("jiffies_64") | Failed to resolve kernel symbol: jiffies_64
percpu_kaddr() | percpu_kaddr() requires at least one argument (0 provided)
percpu_kaddr(1) | percpu_kaddr() expects a string literal (int provided)
percpu_kaddr("runqueues", "a") | percpu_kaddr() only supports int arguments (string provided)
path(1) | path can not be used with "begin" probes
kprobe:vfs_read { path(arg0); } | path can not be used with "kprobe" probes
fentry:vfs_read { path(args.file); } | path() only supports struct path arguments (struct file * provided)
fentry:filp_close { path(args.filp.f_path, 5000); } | path() size must be 1..1024 (5000 provided)
fentry:filp_close { path((struct path *)1); } | path() needs an object that the kernel vouches for: one that args or its members lead to
socket_cookie(1) | socket_cookie can not be used with "begin" probes
fentry:tcp_sendmsg { socket_cookie(args.size); } | socket_cookie() only supports struct sock * arguments (int provided)
fentry:vfs_read { socket_cookie(args.file); } | socket_cookie() only supports struct sock * arguments (struct file * provided)
kprobe:vfs_read { override(1); } | override() is unsafe. To use you need the --unsafe flag
write_user(0, 0, 1) | write_user() is an unsafe function being used in safe mode
END

# Functions of the kernel; those of before v6.17 are enough for most.
grep -q bpf_strcmp /proc/kallsyms && check "" <<'END'
kfunc_exist(1) | kfunc_exist() expects a string literal (int provided)
kfunc_exist() | kfunc_exist() requires one argument (0 provided)
kfunc_allowed(comm) | kfunc_allowed() expects a string literal (string provided)
kfunc_allowed("a", "b") | kfunc_allowed() requires one argument (2 provided)
vfs_read(1) | Unknown function: 'vfs_read'
bpf_strcmp("a") | bpf_strcmp() requires 2 arguments (1 provided)
bpf_strcmp((1, 2), "b") | bpf_strcmp() only supports pointer arguments (tuple provided)
bpf_rcu_read_lock(1) | bpf_rcu_read_lock() requires no arguments (1 provided)
bpf_task_release(curtask) | bpf_task_release can not be used with "begin" probes
kprobe:vfs_read { bpf_task_release(curtask); } | bpf_task_release can not be used with "kprobe" probes
interval:s:1 { bpf_task_release(1); } | bpf_task_release() only supports struct task_struct * arguments (int provided)
interval:s:1 { bpf_task_release((struct file *)1); } | bpf_task_release() only supports struct task_struct * arguments (struct file * provided)
interval:s:1 { bpf_task_from_pid("x"); } | bpf_task_from_pid() only supports int arguments (string provided)
interval:s:1 { bpf_map_sum_elem_count(1); } | bpf_map_sum_elem_count() expects a map to be provided
interval:s:1 { @x = 1; bpf_map_sum_elem_count(@x); } | call to bpf_map_sum_elem_count expects a map with explicit keys (non-scalar map)
interval:s:1 { bpf_dynptr_size(1); } | bpf_dynptr_size() takes a struct bpf_dynptr * as argument 1, and scripts have no such values
interval:s:1 { bpf_send_signal_task(curtask, 9, 0, 0); } | bpf_send_signal_task() is an unsafe function being used in safe mode
END

check --unsafe <<'END'
override(1) | override can not be used with "begin" probes
kprobe:vfs_read+4 { override(1); } | override() works at the beginning of a function only, not at kprobe:vfs_read+4
kprobe:vfs_read { override("a"); } | override() only supports int arguments (string provided)
kprobe:vfs_read { override(); } | override() requires one argument (0 provided)
write_user(0, "abc", 9) | write_user() cannot write 9 bytes of string[4] (1..4)
write_user(0, "abc", 0) | write_user() cannot write 0 bytes of string[4] (1..4)
write_user("a", "abc", 1) | write_user() only supports int or pointer arguments (string provided)
write_user(0, "abc") | write_user() requires 3 arguments (2 provided)
END

# The other engine says that it cannot.
for f in 'bpf_strcmp("a", "b")' 'debugf("x")' 'percpu_kaddr("runqueues")'; do
	skep --engine=user -c true -e "begin { $f; }" 2>&1 |
		grep -q "ERROR: ${f%%(*} needs the kernel: the user engine " || {
		echo "$f on the user engine"
		fail=1
	}
done
# What would help is said, too.
hints() { # SCRIPT HINT
	SKEP_BTF=$BTF skep --dry-run -e "$1" 2>&1 | grep -qxF "HINT: $2" || {
		echo "$1: no such hint: $2"
		fail=1
	}
}
hints 'begin { vfs_read(1); }' 'the kernel has such a function, but none that programs may call'
hints 'begin { bpf_task_frompid(1); }' "Did you mean 'bpf_task_from_pid'?"
hints 'kprobe:vfs_read { bpf_task_release(curtask); }' \
	'if comptime (kfunc_allowed("bpf_task_release")) { ... } leaves it out where it may not be called'
BTF=/nowhere hints 'begin { bpf_task_from_pid(1); }' \
	'other kernels have it: if comptime (kfunc_exist("bpf_task_from_pid")) { ... } leaves it out where it is not'
skep --engine=user -c true -e 'begin { print(pcomm((struct task_struct *)5)); }' 2>&1 |
	grep -q "ERROR: pcomm() of a task needs the kernel: the user engine reads no kernel memory" || {
	echo "pcomm(task) on the user engine"
	fail=1
}
exit $fail
