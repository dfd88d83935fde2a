# expect: iter:task
# expect: iter:task_file
# expect: iter:task_file
# expect:     struct task_struct * task
# expect-re: ^    (__)?u(int)?32(_t)? fd$
# expect:     struct file * file
# expect-not-re: safe_trusted
# requires: test -e /sys/kernel/btf/vmlinux
skep -l 'iter:*' >out && LC_ALL=C sort -c out || exit 1
cat out
skep -lv it:task_file
