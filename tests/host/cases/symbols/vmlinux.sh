# BPFTRACE_VMLINUX: kernel addresses are named from that image, moved to where the kernel runs.
# requires: awk '/ do_syscall_64$/ && !/^0000000000000000/ { found = 1 } END { exit !found }' /proc/kallsyms
# timeout: 30
set -e
script='begin { printf("%s %s\n", ksym(kaddr("do_syscall_64") + 8), ksym(kaddr("do_syscall_64") + 100000)); exit() }'
skep -q -e "$script" >plain
grep -q '^do_syscall_64 ' plain
! grep -q '^do_syscall_64 do_syscall_64' plain
# there that function is larger
BPFTRACE_VMLINUX=$(command -v vmlinux) skep -q -e "$script" >image
grep -q '^do_syscall_64 do_syscall_64$' image || { cat image; exit 1; }
BPFTRACE_VMLINUX=/nonesuch skep -q -e "$script" >missing 2>warning
cmp plain missing
grep -q "^WARNING: No symbols of the kernel in '/nonesuch': No such file or directory$" warning
