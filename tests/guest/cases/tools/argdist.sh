# timeout: 60
# Kernel functions; the rest is tested with programs (tests/host/cases/tools/argdist.sh).
head -c 200 /dev/zero >passwd
run() { # OPTIONS...
	skep -q --no-warnings -c 'work read passwd 100 7' argdist "$@" >out || { cat out; exit 1; }
	cat out
}
name='STRCMP("passwd", file->f_path.dentry->d_name.name)'
run -C "p::vfs_read(struct file *file, void *buf, size_t count):char*,size_t:file->f_path.dentry->d_name.name,count:$name" \
	-H 'r::vfs_read(struct file *file, void *buf, size_t n):u64:$entry(n):$retval == 100#sizes' \
	-H 'r::vfs_read(struct file *file, void *buf, size_t n):u64:$latency:$entry(n) == 100 && $retval == 100' \
	-C 'r::__x64_sys_openat(int dfd, const char *name):int,char*:$entry(dfd),$entry(name):STRCMP("passw", $entry(name))#opened' \
	-C 't:syscalls:sys_exit_pread64():long:args->ret:args->ret == 100' \
	-C 'p::vfs_read(struct file *file, void *buf, size_t count)#calls'
grep -qx '	7          file->f_path.dentry->d_name.name = passwd, count = 100' out &&
	grep -qx '        64 -> 127        : 7        |\*\{40\}|' out && grep -qx '     sizes               : count     distribution' out || exit 1
awk '/\$latency  / { is = 1 } is && /->/ { n += $5 } /^[^ ]/ { is = 0 } END { exit n != 7 }' out || exit 1
grep -qx '	1          $entry(dfd) = -100, $entry(name) = passwd' out && grep -qx '	7          args->ret = 100' out || exit 1
sed -n '/^calls$/,$p' out | grep -qE '^	[0-9]+ +total calls$' || exit 1
