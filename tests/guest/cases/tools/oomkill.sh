# timeout: 60
# A cgroup of 16 MiB, which are 4096 pages, and a process that wants more.
echo +memory >/sys/fs/cgroup/cgroup.subtree_control || exit 77
mkdir -p /sys/fs/cgroup/small
echo 16M >/sys/fs/cgroup/small/memory.max
echo 0 >/sys/fs/cgroup/small/memory.swap.max 2>/dev/null
# The second as on a kernel that cannot be probed.
sed 's/kprobe:oom_kill_process")/kprobe:nothing_there")/' /tools/oomkill.bt >unprobed.bt
together 'sh -c "echo \$\$ >/sys/fs/cgroup/small/cgroup.procs; exec work touch 8000"; exit 0' \
	oomkill 'unprobed.bt' 'oomkill --csv' || exit
rmdir /sys/fs/cgroup/small
sed -n 1p out1 | grep -qxF 'Tracing OOM kills... Ctrl-C to stop.' || exit 1
grep -qE '^[0-9:]{8} Triggered by PID ([0-9]+) \("work"\), OOM kill of PID \1 \("work"\), 4096 pages, loadavg: [0-9.]+ [0-9.]+ [0-9.]+ [0-9]+/[0-9]+ [0-9]+$' out1 &&
	sed -n 3p out1 | grep -qx '  Stack trace:' && sed -n 4p out1 | grep -qE '^    [a-z_\[]' || exit 1
grep -qE '^[0-9:]{8} Triggered by PID ([0-9]+) \("work"\), OOM kill of PID \1 \("(work)?"\), \? pages, loadavg: ' out2 || exit 1
sed -n 1p out3 | grep -qx 'TIME,FPID,FCOMM,TPID,TCOMM,PAGES,LOADAVG,STACK' &&
	sed -n 2p out3 | grep -qE '^[0-9:]{8},[0-9]+,work,[0-9]+,work,4096,"?[0-9]'
