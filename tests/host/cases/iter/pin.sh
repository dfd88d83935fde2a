# A pinned iterator is text for whoever reads the file, made by the kernel.
# requires: skep --info | grep -q 'iter: yes'
# expect-re: ^Program pinned to /sys/fs/bpf/skep-pin-[0-9]+$
# expect-re: ^sleep   \|  ff\|0x[0-9a-f]+ 0 é 100% true 1099511627776 44 A -5 00007 iter$
# expect-re: EEXIST|something is pinned there already
# expect: no pin
grep -q '/sys/fs/bpf bpf' /proc/mounts || mount -t bpf bpf /sys/fs/bpf || exit 77
pin=/sys/fs/bpf/skep-pin-$$
trap 'rm -f "$pin"; kill $t' EXIT
sleep 30 & t=$!
while ! grep -q sleep /proc/$t/comm; do :; done
skep -e "iter:task:skep-pin-$$ /ctx.task.tgid == $t/"' {
	printf("%-8s|%4x|%p %p é 100%% %s %lu %hhd %c %d %05d %s\n", ctx.task.comm, 255, ctx.task, 0,
		ctx.task.flags != 1, 1 << 40, 300, 65, -5, 7, probetype);
}' || exit 1
cat "$pin"
# A second one cannot be pinned there; nor is anything with --dry-run.
skep -e "iter:task:$pin { printf(\"x\"); }" 2>&1 && exit 1
rm "$pin"
skep --dry-run -e "iter:task:$pin { printf(\"x\"); }" || exit 1
[ -e "$pin" ] || echo no pin
