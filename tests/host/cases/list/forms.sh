# Lists of every type of probe, by its forms; with -v the arguments.
# expect: uprobe:HERE:target_step
# expect: uprobe:HERE:target_step
# expect: self:signal:SIGUSR1
# expect: hardware:cache-misses:
# expect: hardware:cache-references:
# expect: interval:hz:
# expect: interval:ms:
# expect: interval:s:
# expect: interval:us:
# expect: profile:s:
# expect: software:cpu-clock:
# expect: software:cpu:
# expect: rawtracepoint:vmlinux:sched_switch
# expect-re: ^    struct task_struct \* prev$
# expect: tracepoint:sched:sched_switch
# expect-re: ^    pid_t prev_pid$
# expect: iter:task
# expect-re: ^    struct task_struct \* task$
# expect: of a script:
# expect: tracepoint:sched:sched_switch
# expect: interval:s:1
# expect: profile:10ms
# expect: software:cs:7
# expect: watchpoint:0x10:8:w
# expect: types:
# expect: struct pid_namespace
# expect: none: 0
# expect: warned
here=$(command -v target)
list() {
	skep "$@" | sed "s,$here,HERE,"
}
list -l "uprobe:$here:target_st*"
list -l "u:$here:target_step"
list -l 'self:*'
list -l 'hardware:cache*'
list -l interval
list -l 'p:s'
list -l 's*:cpu*:'
list -lv 'rt:sched_switch'
list -lv 't:sched:sched_switch'
list -lv 'it:task'
echo of a script:
list -l -e 'begin { } tracepoint:sched:sched_switch, interval:s:1, p:10ms, s:cs:7 { } w:0x10:8:w { } end { }'
echo types:
list -l 'struct pid_namespace'
echo "none: $(list -l 'kprobe:no_such_function*' | wc -l)"
list -l no-such.bt 2>&1 | grep -qxF "WARNING: It appears that 'no-such.bt' is a filename but the file does not exist. Treating 'no-such.bt' as a search pattern." && echo warned
