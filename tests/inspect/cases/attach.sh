# timeout: 60
# What is wrong with links, attachments to groups and devices is said as bpftool says it; no links, no tokens.
# A group of this test and of its process, so that a second try meets nobody.
groups=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
[ -n "$groups" ] || { echo "there are no groups of version 2"; exit 77; }
g=$groups/skep-attach-$$ p=/sys/fs/bpf/attach
mkdir -p "$g/1/a/b" "$g/2/a/b" "$g/empty" $p || exit
trap 'rmdir "$g"/[12]/a/b "$g"/[12]/a "$g"/[12] "$g/empty" "$g"; rm -r $p; ip link del v1' EXIT
ip link add v1 type veth peer name v2 && ip link set v1 up && ip link set v2 up || exit
bpftool prog loadall "$(dirname "$(command -v attach)")/attached.bpf.o" $p/p || exit
pin="pinned $p/p"

status=0
beside -e 's/^{"error":"link specifier is invalid or missing$/&"}/; /^"}$/d' <<END || status=1
link show id
link show id 99999999
-j link show id 99999999
link show id x
link show foo 1
link show pinned $p/p/tc_pass
link pin
link pin id
link pin id 1
link pin id 99999999 $p/x
link detach
-j link detach
link detach id
link detach foo
link detach foo 1
link detach id 99999999
-j link detach id 99999999
cgroup
cgroup show
cgroup show /nosuch
cgroup show /tmp
-j cgroup show /tmp
cgroup show /tmp foo
cgroup show /tmp effective effective
cgroup show $g/cgroup.procs
cgroup tree /nosuch
cgroup tree /tmp
cgroup tree /tmp foo
cgroup tree $g/cgroup.procs
cgroup attach
cgroup attach a b c
cgroup attach /nosuch ingress id 1
cgroup attach /tmp foo id 1
cgroup attach /tmp cgroup_inet4_conn id 1
cgroup attach /tmp ingress id 99999999
cgroup detach /tmp ingress id
-j cgroup detach /tmp
cgroup attach $g ingress $pin/ingress foo
-j cgroup attach $g ingress $pin/ingress foo
cgroup attach $g ingress $pin/ingress multi override
cgroup attach $g device $pin/ingress
cgroup attach /tmp ingress $pin/ingress
cgroup detach $g ingress $pin/ingress
net show dev nosuch
-j net show dev nosuch
net show foo lo
net attach
net attach foo
net attach foo a b c d
net attach xdp id 1
net attach xdp id 99999999 dev lo
net attach xdp $pin/xdp_pass foo v1
net attach xdp $pin/xdp_pass dev nosuch
net attach xdp $pin/tc_pass dev v1
net attach xdpoffload $pin/xdp_pass dev v1
net a xdp pinned dev v1
net detach
net detach xdp
net detach xdp dev
net detach xdp dev nosuch
net detach xdp foo lo
net detach foo dev lo
END

# Groups: each side has its own.
beside <<END || status=1
cgroup attach $g/@ ingress $pin/ingress multi
-j cgroup attach $g/@ eg $pin/egress override
cgroup attach $g/@/a cgroup_inet_ingress $pin/ingress
cgroup attach $g/@/a/b connect4 $pin/connect over
cgroup attach $g/@/a/b dev $pin/device
cgroup attach $g/@/a/b in $pin/ingress m
cgroup attach $g/@/a/b bind4 $pin/ingress
cgroup show $g/@
-j cgroup show $g/@
-p cgroup show $g/@
cgroup show $g/@/a
cgroup show $g/@/a/b
cgroup show $g/empty
cgroup show $g/@/a/b effective
-p cgroup list $g/@/a eff
cgroup tree $g/@
-p cgroup tree $g/@
cgroup tree $g/@ effective
-j cgroup tree $g/@ effective
-j cgroup tree $g/empty
cgroup tree $g/empty
cgroup detach $g/@ ingress $pin/ingress
cgroup detach $g/@ ingress $pin/ingress
-j cgroup detach $g/@/a/b cgroup_inet4_connect $pin/connect
cgroup tree $g/@
END
[ -z "$(skep cgroup show -j "$g/empty")" ] || status=1

# Devices; the sections that 7.1 does not have are cut off.
tc qdisc add dev v1 clsact && tc filter add dev v1 ingress bpf da pinned $p/p/tc_pass &&
	tc filter add dev v1 egress bpf da pinned $p/p/tc_pass || exit
if tc qdisc add dev v1 root handle 1: htb && tc class add dev v1 parent 1: classid 1:10 htb rate 1mbit &&
	tc qdisc add dev v1 parent 1:10 handle 10: htb && tc class add dev v1 parent 10: classid 10:1 htb rate 1mbit; then
	for at in 1: 10: 10:1; do tc filter add dev v1 parent $at bpf da pinned $p/p/tc_pass || exit; done
fi
# Those of netfilter may be other tests'.
filter='/^netfilter:$/,$d; s/,"netfilter":.*/}]/; /^ *"netfilter": \[/,$d; s/"flow_dissector": \[\],/"flow_dissector": []/
/^    }$/d; /^]$/d'
beside -e "$filter; s/v[12]([0-9]*)/DEV/; s/\"v[12]\"/DEV/; s/\"ifindex\": *[0-9]*/INDEX/" <<END || status=1
net
net list dev v1
-j net show
-p net show dev v1
net attach xdp $pin/xdp_pass dev v@
net attach xdp $pin/xdp_pass dev v@
-j net attach xdp $pin/xdp_pass dev v@ overwrite
net attach xdpdrv $pin/xdp_pass dev v@
net attach xdpgeneric $pin/xdp_pass dev v@ o
-j net show
-p net show dev v2
net detach xdpdrv dev v@
-j net detach xdp dev v@
net attach xdpgeneric $pin/xdp_pass dev v@
-j net show
net show dev v1
net d xdpg dev v@
net show
END
exit $status
