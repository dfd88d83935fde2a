# CO-RE: fields, sizes and ids are those of this kernel; what it lacks may be asked for, not used.
# expect: 1 1 1
# expect: 7 1 1
# expect: 25
# expect: The kernel's verifier refused this: the kernel has no "struct task_struct.nowhere" (unguarded() of "lib.bpf.o", instruction 3)
# expect: HINT: a function can ask first: behind bpf_core_field_exists() and its kin it is not reached
# requires: test -e "$(dirname "$(command -v work)")/functions.bpf.o"
# requires: test -r /sys/kernel/btf/vmlinux
set -e
cp "$(dirname "$(command -v work)")/core.bpf.o" lib.bpf.o
cat >main.bt <<'END'
import "lib.bpf.o"
begin {
	printf("%d %d %d\n", tgid_of(curtask) == pid, me()->tgid == pid,
		tgid_of(parent_of(curtask)) == ppid);
	printf("%d %d %d\n", guarded(curtask), task_size() == sizeof(struct task_struct),
		parent_of(me())->tgid == ppid);
	print(locked(5));
	exit();
}
END
skep -q main.bt
skep -q -e 'import "lib.bpf.o" begin { print(unguarded(curtask)); exit(); }' 2>err && exit 1
sed -n 's/^.*ERROR: //p; /^HINT: a function/p' err
