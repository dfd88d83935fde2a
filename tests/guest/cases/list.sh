# Lists are sorted, and -v adds the arguments.
# expect: kprobe:vfs_read
# expect: kprobe:vfs_write
# expect-not-re: ^kprobe:ksys_read
# expect: fentry:vmlinux:vfs_read
# expect: fentry:vmlinux:vfs_read
# expect:     struct file * file
# expect-re: ^    size_t count$
# expect: fexit:vmlinux:vfs_read
# expect-re: ^    ssize_t retval$
# expect: rawtracepoint:vmlinux:sched_switch
skep -l 'kprobe:vfs_*' || exit 1
skep -l 'kprobe:vfs_*' >listed && LC_ALL=C sort -c listed || exit 1
skep -l 'fentry:vfs_read' || exit 1
skep -lv 'fentry:vfs_read' || exit 1
skep -lv 'fexit:vfs_read' || exit 1
skep -l 'rawtracepoint:sched_switch'
