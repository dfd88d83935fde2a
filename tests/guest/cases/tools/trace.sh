# timeout: 60
# Kernel functions: entries and returns, by name, by signature and as system calls; the rest of the options
# is tested with programs (tests/host/cases/tools/trace.sh).
head -c 200 /dev/zero >known
skep -q --no-warnings -c 'work open /etc/passwd 3' trace -n work -K \
	'p::do_sys_openat2(int dfd, const char __user *name) (STRCMP("/etc/pass", name)) "%d %s", dfd, name' \
	'do_sys_openat2+0 (STRCMP("/etc/pass", arg2@user)) "plus %s", arg2@user' \
	'__x64_sys_openat (STRCMP("/etc/pass", arg2)) "registers %d %s", arg1, arg2' >out &
skep -q --no-warnings -c 'work open /nowhere/at/all 3' trace \
	'r::do_sys_openat2 ((int)retval == -2) "failed %d", retval' \
	'sys_openat(int dfd, const char *name) (STRCMP("/nowhere", name)) "signature %d %s %s", dfd, name, $task->comm' >failed &
skep -q --no-warnings -c 'work read known 100 4' trace -a -K \
	'p::vfs_read(struct file *file, char *buf, size_t count) (count == 100 && $tgid == $pid && STRCMP("known", file->f_path.dentry->d_name.name)) "%s %lu %K", file->f_path.dentry->d_name.name, count, file->f_op->read_iter' >read &
wait
# What skep itself does is seen with -S only.
for how in '' -S; do
	skep -q -c 'work write known 10 3' trace $how 't:syscalls:sys_enter_write "%d", args->count' >self$how || exit 1
done
cat out failed read
cat self
! grep -q ' skep  ' self && grep -q ' skep  ' self-S || exit 1
[ "$(grep -c ' work  *sys_enter_write  10$' self)" -ge 3 ] || exit 1
[ "$(grep -c ' work  *do_sys_openat2   -100 /etc/passwd$' out)" -eq 3 ] || exit 1
[ "$(grep -c ' work  *do_sys_openat2   plus /etc/passwd$' out)" -eq 3 ] || exit 1
[ "$(grep -c ' work  *__x64_sys_openat registers -100 /etc/passwd$' out)" -eq 3 ] || exit 1
[ "$(grep -cE '^        do_syscall_64\+0x[0-9a-f]+ \[kernel\]$' out)" -ge 6 ] || exit 1
[ "$(grep -A 1 ' sys_openat       signature -100 /nowhere/at/all work$' failed | grep -c ' do_sys_openat2   failed -2$')" -eq 3 ] || exit 1
[ "$(grep -cE ' vfs_read         known 100 [a-z0-9_]*read[a-z0-9_]*(\+0x[0-9a-f]+)?$' read)" -eq 4 ] || exit 1
grep -qE '^        0xffffffff[0-9a-f]{8} vfs_read\+0x[0-9a-f]+ \[kernel\]$' read || exit 1
# One cgroup of two.
cg=/sys/fs/cgroup
grep -q "cgroup2 $cg" /proc/mounts || mount -t cgroup2 none $cg || exit 1
mkdir -p $cg/mine/below $cg/other
skep -q trace -c $cg/mine -M 2 'do_sys_openat2 (STRCMP("/etc/p", arg2@user)) "%s", arg2@user' >mine &
skep=$!
until grep -qs COMM mine; do sleep 0.1; done
sh -c "echo \$\$ >$cg/other/cgroup.procs && exec work open /etc/pother 2"
sh -c "echo \$\$ >$cg/mine/below/cgroup.procs && exec work open /etc/passwd 2"
wait $skep || exit 1
rmdir $cg/mine/below $cg/mine $cg/other
cat mine
[ "$(grep -c ' /etc/passwd$' mine)" -eq 2 ] && ! grep -q pother mine || exit 1
