# The kernel's probe types by all their names and forms.
# timeout: 90
# expect: order 1 2 3
# expect: short names
# expect: address
# expect: watched
# expect: wild type
# expect: process
# expect: named
# expect: warned
# expect: ignored
# expect: nothing left
set -e
run='dd if=/dev/zero of=/dev/null bs=1 count=50'
here() {
	"$@" >out 2>err || { echo "$*"; cat err; exit 1; }
}
# Blocks on one event run in the order of the script.
here skep -q -c "$run" -e 'kprobe:vfs_read /pid == cpid && !@done/ { @done = 1; @doing = 1; printf("order 1"); }
	kprobe:vfs_read /pid == cpid && @doing == 1/ { @doing = 2; printf(" 2"); }
	kprobe:vfs_read /pid == cpid && @doing == 2/ { @doing = 3; printf(" 3\n"); } end { clear(@doing); clear(@done); }'
cat out
here skep -c "$run" -e 'k:vfs_read /pid == cpid/ { @n["k"] = 1; } kr:vfs_read /pid == cpid/ { @n["kr"] = 1; }
	f:vfs_read /pid == cpid/ { @n["f"] = 1; } fr:vfs_read /pid == cpid/ { @n["fr"] = retval >= 0 ? 1 : 2; }
	kfunc:vmlinux:vfs_read, kretfunc:vfs_read { @old = 1; } KPROBE:vmlinux:vfs_read { @n["K"] = 1; }
	t:sched:sched_switch { @n["t"] = 1; } rt:sched_switch { @n["rt"] = 1; } p:ms:10 { @n["p"] = 1; }
	rawtracepoint:vmlinux:sched_switch { @n["arg"] = arg1 == (uint64)args.prev ? 1 : 2; }
	s:cs:1 { @n["s"] = 1; } tracepoint:raw_syscalls:sys_enter { @n["sys"] = 1; }'
[ "$(grep -c '^@n.*: 1$' out)" = 11 ] && grep -q '@old: 1' out && echo short names || { cat out err; exit 1; }
# Places by number
address=$(sed -n 's/^\([0-9a-f]*\) T vfs_read$/0x\1/p' /proc/kallsyms)
here skep --unsafe -c "$run" -e "kprobe:$address /pid == cpid/ { @[func] = count(); }"
grep -qE '^@\[vfs_read\]: 5[0-9]$' out && echo address
# The emulator overlooks writes by instructions that also read, so that reads are watched as well.
address=$(sed -n 's/^\([0-9a-f]*\) [A-Z] jiffies_64$/0x\1/p' /proc/kallsyms)
here skep -c 'sleep 0.3' -e "watchpoint:$address:8:rw { @ = count(); }"
grep -qE '^@: [1-9]' out && echo watched
here skep -c "$run" -e 't*point:sched:sched_process_ex* { @[probe] = count(); }'
grep -q '^@\[tracepoint:sched:sched_process_exit\]: [1-9]' out && grep -q '^@\[tracepoint:sched:sched_process_exec\]: [1-9]' out && echo wild type
# -p keeps kernel events to the process.
dd if=/dev/zero of=/dev/null bs=1 & dd=$!
here skep -p $dd -e 'kprobe:vfs_read, fentry:vfs_read, tracepoint:raw_syscalls:sys_enter, rawtracepoint:sys_enter { @[pid == '$dd'] = count(); }
	interval:ms:300 { exit(); }'
kill $dd
grep -qE '^@\[true\]: [1-9]' out && ! grep -q false out && echo process
# Attach points with names
here skep -c "$run" -e 'mine=kprobe:vfs_read, other=kprobe:vfs_write { @[probe] = count(); }'
grep -q '^@\[mine\]: [1-9]' out && grep -q '^@\[other\]: [1-9]' out && echo named
# What is not there
here skep -c true -e 'config = { missing_probes = warn } k:nonesuch, k:vfs_read { @ = count(); }'
grep -q 'WARNING: Unable to attach probe: kprobe:nonesuch. Skipping.' err && grep -q '^@: [1-9]' out && echo warned
here skep -c true -e 'config = { missing_probes = ignore } k:nonesuch, f:nonesuch, t:a:b, k:nomod:f, k:vfs_read { @ = count(); }'
[ "$(cat err)" = 'Attached 1 probe' ] && grep -q '^@: [1-9]' out && echo ignored || { cat err; exit 1; }
status=0
skep -e 'config = { missing_probes = ignore } t:nosuch:* { }' >out 2>err || status=$?
[ $status = 1 ] && grep -qx 'No probes to attach' out && echo nothing left || { cat out err; exit 1; }
