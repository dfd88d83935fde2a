# What a function of an object asks of the kernel, the user engine has not.
# expect: locked() of "core.bpf.o" needs the kernel: the user engine reads no kernel memory
# expect: lock_and_unlock() of "core.bpf.o" needs the kernel: the user engine calls none of its functions
# requires: test -e "$(dirname "$(command -v work)")/core.bpf.o"
# requires: test -r /sys/kernel/btf/vmlinux && grep -q ' bpf_rcu_read_lock$' /proc/kallsyms
cp "$(dirname "$(command -v work)")/core.bpf.o" .
skep --dry-run --engine user -e 'import "core.bpf.o"; begin { locked(1); lock_and_unlock(); }' -c true 2>err && exit 1
sed -n 's/^.*ERROR: //p' err
