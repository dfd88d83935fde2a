# timeout: 120
# The tools that can be narrowed to containers: the same work inside of a cgroup (and a mount namespace) and
# outside of it, on ports and with names that tell which.
mount -t bpf bpf /sys/fs/bpf 2>/dev/null
mkdir -p /sys/fs/cgroup/in/below && rm -f /sys/fs/bpf/* || exit 1
cp "$(command -v work)" inside && cp inside outside || exit 1
cat >inside.sh <<'END'
echo $$ >/sys/fs/cgroup/in/cgroup.procs
work tcp 7150 2048 1 4 7151
work open inside 1
umount inside-mount 2>/dev/null
./inside as 0 spin 60 1; ./inside as 0 sleep 20 1
exec /bin/cat inside-arguments
END
cat >l.sh <<'END'
sh inside.sh
work tcp 7152 2048 1 4 7153
work open outside 1
umount outside-mount 2>/dev/null
./outside as 0 spin 60 1; ./outside as 0 sleep 20 1
/bin/cat outside-arguments
exit 0
END
pinmap /sys/fs/bpf/groups 8 "$(stat -c %i /sys/fs/cgroup/in)" && pinmap /sys/fs/bpf/none 8 999999999 && pinmap /sys/fs/bpf/small 4 1 &&
	pinmap /sys/fs/bpf/mine 8 "$(readlink /proc/self/ns/mnt | tr -cd 0-9)" || exit
cat >tools <<'END'
execsnoop|inside-arguments|outside-arguments
opensnoop|inside$|outside$
mountsnoop|inside-mount|outside-mount
tcpconnect|7150|7152
tcpaccept|7150|7152
tcptop -C 100|7150|7152
tcptracer|X .*7151 +7150|7152
profile -F 999|- +inside \(|- +outside \(
offcputime -K|- +inside \(|- +outside \(
stackcount -P t:syscalls:sys_enter_clock_nanosleep| inside \[| outside \[
capable --unique| inside +7 +CAP_SETUID| outside +7 +CAP_SETUID
END
# All of them at once: only what is inside, by cgroup; both, by the namespace that both are in.
watch() { # OPTION
	set -- "$1"
	while IFS='|' read -r tool _; do
		set -- "$@" "$tool $1"
	done <tools
	shift
	together 'sh l.sh' "$@" >all || { cat all; exit 1; }
}
check() { # WANTS-OUTSIDE
	n=0
	while IFS='|' read -r tool inside outside; do
		n=$((n + 1))
		grep -qE -- "$inside" out$n || { echo "$tool: not $inside"; cat out$n err$n; exit 1; }
		grep -qE -- "$outside" out$n
		[ $? = "$1" ] || { echo "$tool: $outside"; cat out$n err$n; exit 1; }
	done <tools
}
watch '--cgroupmap /sys/fs/bpf/groups' && check 1 || exit 1
# Each asks twice, as two processes: which are one by cgroup, and two by namespace.
[ "$(grep -c ' inside .*CAP_SETUID' out11)" -eq 1 ] || { cat out11; exit 1; }
watch '--mntnsmap /sys/fs/bpf/mine' && check 0 || exit 1
[ "$(grep -c ' inside .*CAP_SETUID' out11)" -eq 2 ] || { cat out11; exit 1; }
# In none of the groups; by mount namespace, where only some of the work is in it.
skep -q -c 'sh l.sh' /tools/execsnoop.bt --cgroupmap /sys/fs/bpf/none >out || exit
[ "$(wc -l <out)" -eq 1 ] || { cat out; exit 1; }
echo 'work open outside 1; unshare -m work open elsewhere 1' >both.sh
skep -q -c 'sh both.sh' /tools/opensnoop.bt --mntnsmap /sys/fs/bpf/mine >out || exit
cat out
grep -q outside out && ! grep elsewhere out || exit 1
# What a script says.
cat >in.bt <<'END'
options = { groups = text("--groups PATH", ""); spaces = text("--spaces PATH", ""); }
tracepoint:syscalls:sys_enter_openat /in_cgroup("/sys/fs/cgroup/in") && in_container(opt.groups, opt.spaces)/ {
	@[str(args.filename)] = count();
}
END
cat >below.sh <<'END'
sh -c 'echo $$ >/sys/fs/cgroup/in/below/cgroup.procs; exec work open deep 1'
sh inside.sh
work open outside 1
exit 0
END
skep -q -c 'sh below.sh' in.bt >out || exit
cat out
grep -q deep out && grep -q inside out && ! grep outside out || exit 1
skep -q -c 'sh below.sh' in.bt --spaces /sys/fs/bpf/mine --groups /sys/fs/bpf/groups >out || exit
cat out
grep -q inside out && ! grep -E 'outside|deep' out || exit 1
# Mistakes.
says() { # MESSAGE ARGUMENTS...
	want=$1
	shift
	skep -q "$@" >out 2>&1 && exit 1
	grep -qF -- "$want" out || { cat out; exit 1; }
}
says "ERROR: There is no map pinned at '/sys/fs/bpf/nothing'" /tools/opensnoop.bt --cgroupmap /sys/fs/bpf/nothing
says 'ERROR: The map at /sys/fs/bpf/small is no hash with keys of 8 bytes' /tools/opensnoop.bt --cgroupmap /sys/fs/bpf/small
says "ERROR: The map at /etc/passwd can't be opened: " /tools/opensnoop.bt --cgroupmap /etc/passwd
says "ERROR: There is no cgroup '/tmp'" -e 'begin /in_cgroup("/tmp")/ { }'
says 'ERROR: in_cgroup needs the kernel' --engine user -c true -e 'begin /in_cgroup("/sys/fs/cgroup")/ { }'
says 'ERROR: pinned_has needs the kernel' --engine user -c true -e 'begin /pinned_has("/sys/fs/bpf/none", 1)/ { }'
rm /sys/fs/bpf/groups /sys/fs/bpf/none /sys/fs/bpf/small /sys/fs/bpf/mine
rmdir /sys/fs/cgroup/in/below /sys/fs/cgroup/in
