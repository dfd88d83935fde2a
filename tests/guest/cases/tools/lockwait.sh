# requires-kernel: 5.19
# Many who create and remove files in one directory: its lock is what they wait for.
mkdir d
skep -q -c 'work churn d 2000' /tools/lockwait.bt >out || exit
cat out
grep -qE '^ +(down_write|rwsem_|__?mutex_|queued_|osq_|.*lock).*\+[0-9]+$' out && grep -qE '^\]: [1-9]' out
