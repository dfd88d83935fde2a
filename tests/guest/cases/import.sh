# Functions of imported objects in the kernel's probes; CO-RE against this kernel's types.
# expect: add 3 kprobe 7 9
# expect: core 1 1 7 25
# expect: deep 44 1
# requires: test -e "$(dirname "$(command -v work)")/functions.bpf.o"
# timeout: 30
set -e
for name in functions core maps; do
	cp "$(dirname "$(command -v work)")/$name.bpf.o" .
done
cat >main.bt <<'END'
import "functions.bpf.o"; import "core.bpf.o"; import "maps.bpf.o";
kprobe:vfs_read /pid == cpid && arg2 == 1/ {
	printf("add %d kprobe %d %d\n", add_up(1, 2), pick(2), five(1, 1, 3, 1, 3));
	printf("core %d %d %d %d\n", tgid_of(curtask) == pid, me()->tgid == pid, guarded(curtask),
		locked(5));
	printf("deep %d %d\n", gauss(10) - 1, note(5));
}
END
skep -c 'dd if=/dev/zero of=/dev/null bs=1 count=1' main.bt 2>/dev/null
