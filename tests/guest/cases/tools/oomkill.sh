# A cgroup of 16 MiB, and a process that wants more.
echo +memory >/sys/fs/cgroup/cgroup.subtree_control || exit 77
mkdir /sys/fs/cgroup/small
echo 16M >/sys/fs/cgroup/small/memory.max
echo 0 >/sys/fs/cgroup/small/memory.swap.max 2>/dev/null
echo 'sh -c "echo \$\$ >/sys/fs/cgroup/small/cgroup.procs; exec work touch 8000"; exit 0' >hungry.sh
skep -q -c 'sh hungry.sh' /tools/oomkill.bt >out 2>err
status=$?
cat out err
rmdir /sys/fs/cgroup/small
[ $status -eq 0 ] || exit 1
grep -qE '^[0-9:]{8} Triggered by PID ([0-9]+) \("work"\), OOM kill of PID [0-9]+ \("work"\), [0-9]+ pages$' out
