# timeout: 60
# What bpftool 7.1 has no words for: rows of tcx, the qdisc ingress once, tokens, names that are no text.
groups=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
[ -n "$groups" ] || { echo "there are no groups of version 2"; exit 77; }
g=$(printf '%s/skep-newer-%d\033"' "$groups" $$) p=/sys/fs/bpf/newer
mkdir "$g" $p delegated || exit
trap 'rmdir "$g"; rm -r $p; ip link del v5 2>/dev/null; umount delegated 2>/dev/null' EXIT
bpftool prog loadall "$(dirname "$(command -v attach)")/attached.bpf.o" $p/p || exit
pin="pinned $p/p"
ip link add v5 type veth peer name "$(printf 'v6\033')" || exit

said() { # STATUS WORDS...
	want=$1
	shift
	object=$1
	shift
	skep "$object" "$@" >said 2>&1
	got=$?
	echo "> $object $* ($got)"
	[ $got = "$want" ] || echo "not $want"
	case " $*" in *' -j'*) python3 -m json.tool said >/dev/null || echo "not JSON" ;; esac
	sed '/^netfilter:/,$d; s/,"netfilter":.*//' said
}
tab=$(printf '\t')
{
	said 0 net attach tcx_ingress $pin/tc_pass dev v5
	said 239 net attach tcx_ingress $pin/tc_pass dev v5
	attach tcx $p/link v5 46
	said 234 net attach tcx_egress $pin/connect dev v5
	said 0 net -j attach tcx_egress $pin/tc_pass dev v5 prepend
	said 234 net attach tcx_ingress $pin/tc_pass dev v5 overwrite
	said 234 net attach xdp $pin/xdp_pass dev v5 prepend
	said 234 net attach xdp $pin/xdp_pass dev v5 foo
	said 0 net show dev v5
	said 0 net show dev v5 -j
	# The last one is a link.
	said 240 net detach tcx_ingress dev v5
	skep link detach pinned $p/link
	said 0 net detach tcx_ingress dev v5
	said 254 net detach tcx_ingress dev v5
	said 0 net -j detach tcx_egress dev v5
	# In front of the link.
	attach tcx $p/link2 v5 46
	said 0 net attach tcx_ingress $pin/tc_pass dev v5 prepend
	said 0 net show dev v5
	ip link del v5 && ip link add v5 type veth peer name "$(printf 'v6\033')"
	tc qdisc add dev v5 ingress && tc filter add dev v5 parent ffff: bpf da pinned $p/p/tc_pass
	tc filter add dev v5 parent ffff: bpf bytecode '1,6 0 0 1'
	ip link set v5 xdpgeneric pinned $p/p/xdp_pass
	ip link set "$(printf 'v6\033')" xdpgeneric pinned $p/p/xdp_pass
	bpftool prog attach $pin/dissect flow_dissector
	said 0 net show
	said 0 net show -j
	bpftool prog detach $pin/dissect flow_dissector

	said 255 cgroup show "$g" foo
	said 0 cgroup attach "$g" ingress $pin/ingress
	said 0 cgroup tree "$g"
	said 0 cgroup tree "$g" -j
	said 255 cgroup tree -j /tmp
	said 0 cgroup detach "$g" ingress $pin/ingress
	said 255 cgroup attach "$g" cgroup_unix_connect $pin/ingress
	for word in sock_release post_bind6 getpeername4 recvmsg6 sysctl; do
		said 255 cgroup attach "$g" $word $pin/ingress
	done
	said 255 cgroup attach "$g" lsm_cgroup $pin/ingress

	said 0 token show | grep -v delegated
	if mount -t bpf -o delegate_cmds=map_create:prog_load:btf_load:link_create:map_freeze,delegate_attachs=any,delegate_progs=kprobe \
		bpf delegated; then
		skep token show | sed -n "/${tab}/p; /delegated/p"
		skep token -j list | grep -o "{\"token_info\":\"$PWD/delegated\".*"
	fi
	said 255 token show foo | head -n 2
	said 255 link show id 4294967296
	for words in 'net' 'net -j' 'link show' "cgroup show $groups"; do
		# shellcheck disable=SC2086 # several words
		setpriv --bounding-set=-all skep $words
	done
	unshare -m sh -c "for m in \$(awk '\$3 == \"cgroup2\" { print \$2 }' /proc/mounts); do umount -l \$m; done
		skep cgroup tree"
} >all 2>&1
sed "s/prog_id [0-9]*/prog_id N/; s/link_id [0-9]*/link_id N/; s/ id [0-9]*/ id N/; s/^id [0-9]*/id N/; s/\(v[56][^(]*([0-9]*\)/\1/
s/v5([0-9]*)/v5(N)/; s/v6\\\\x1b([0-9]*)/v6\\\\x1b(N)/; s/\"\(id\|prog_id\|link_id\|ifindex\)\":[0-9]*/\"\1\":N/g
s/^\( *\)[0-9][0-9]* *cgroup_inet/\1N cgroup_inet/; s|$PWD|HERE|; s|$groups|GROUPS|g; s/skep-newer-[0-9]*/G/g" all >out
cat >want <<'END'
> net attach tcx_ingress pinned /sys/fs/bpf/newer/p/tc_pass dev v5 (0)
> net attach tcx_ingress pinned /sys/fs/bpf/newer/p/tc_pass dev v5 (239)
Error: interface tcx_ingress attach failed: File exists
> net attach tcx_egress pinned /sys/fs/bpf/newer/p/connect dev v5 (234)
Error: interface tcx_egress attach failed: Invalid argument
> net -j attach tcx_egress pinned /sys/fs/bpf/newer/p/tc_pass dev v5 prepend (0)
null
> net attach tcx_ingress pinned /sys/fs/bpf/newer/p/tc_pass dev v5 overwrite (234)
Error: 'overwrite' is only supported for xdp types
> net attach xdp pinned /sys/fs/bpf/newer/p/xdp_pass dev v5 prepend (234)
Error: 'prepend' is only supported for tcx_ingress/tcx_egress
> net attach xdp pinned /sys/fs/bpf/newer/p/xdp_pass dev v5 foo (234)
Error: expected 'overwrite' or 'prepend', got: 'foo'?
> net show dev v5 (0)
xdp:

tc:
v5(N) tcx/ingress tc_pass prog_id N 
v5(N) tcx/ingress nothing prog_id N link_id N 
v5(N) tcx/egress tc_pass prog_id N 

flow_dissector:

> net show dev v5 -j (0)
[{"xdp":[],"tc":[{"devname":"v5","ifindex":N,"kind":"tcx/ingress","name":"tc_pass","prog_id":N,"prog_flags":[]},{"devname":"v5","ifindex":N,"kind":"tcx/ingress","name":"nothing","prog_id":N,"prog_flags":[],"link_id":N,"link_flags":[]},{"devname":"v5","ifindex":N,"kind":"tcx/egress","name":"tc_pass","prog_id":N,"prog_flags":[]}],"flow_dissector":[]
> net detach tcx_ingress dev v5 (240)
Error: interface tcx_ingress detach failed: Device or resource busy
> net detach tcx_ingress dev v5 (0)
> net detach tcx_ingress dev v5 (254)
Error: interface tcx_ingress detach failed: No such file or directory
> net -j detach tcx_egress dev v5 (0)
null
> net attach tcx_ingress pinned /sys/fs/bpf/newer/p/tc_pass dev v5 prepend (0)
> net show dev v5 (0)
xdp:

tc:
v5(N) tcx/ingress tc_pass prog_id N 
v5(N) tcx/ingress nothing prog_id N link_id N 

flow_dissector:

> net show (0)
xdp:
v6\x1b(N) generic id N
v5(N) generic id N

tc:
v5(N) ingress tc_pass:[*fsobj] id N

flow_dissector:
id N

> net show -j (0)
[{"xdp":[{"devname":"v6\u001b","ifindex":N,"mode":"generic","id":N},{"devname":"v5","ifindex":N,"mode":"generic","id":N}],"tc":[{"devname":"v5","ifindex":N,"kind":"ingress","name":"tc_pass:[*fsobj]","id":N}],"flow_dissector":[{"id":N}]
> cgroup show GROUPS/G" foo (255)
Error: expected no more arguments, 'effective', got: 'foo'?
> cgroup attach GROUPS/G" ingress pinned /sys/fs/bpf/newer/p/ingress (0)
> cgroup tree GROUPS/G" (0)
CgroupPath
ID       AttachType      AttachFlags     Name           
GROUPS/G\x1b"
N cgroup_inet_ingress                 ingress                        
> cgroup tree GROUPS/G" -j (0)
[{"cgroup":"GROUPS/G\u001b\"","programs":[{"id":N,"attach_type":"cgroup_inet_ingress","attach_flags":"","name":"ingress","attach_btf_name":"","attach_btf_obj_id":0,"attach_btf_id":0}]}]
> cgroup tree -j /tmp (255)
[{"error":"can't query bpf programs attached to /tmp: Bad file descriptor"}]
> cgroup detach GROUPS/G" ingress pinned /sys/fs/bpf/newer/p/ingress (0)
> cgroup attach GROUPS/G" cgroup_unix_connect pinned /sys/fs/bpf/newer/p/ingress (255)
Error: failed to attach program
> cgroup attach GROUPS/G" sock_release pinned /sys/fs/bpf/newer/p/ingress (255)
Error: failed to attach program
> cgroup attach GROUPS/G" post_bind6 pinned /sys/fs/bpf/newer/p/ingress (255)
Error: failed to attach program
> cgroup attach GROUPS/G" getpeername4 pinned /sys/fs/bpf/newer/p/ingress (255)
Error: failed to attach program
> cgroup attach GROUPS/G" recvmsg6 pinned /sys/fs/bpf/newer/p/ingress (255)
Error: failed to attach program
> cgroup attach GROUPS/G" sysctl pinned /sys/fs/bpf/newer/p/ingress (255)
Error: failed to attach program
> cgroup attach GROUPS/G" lsm_cgroup pinned /sys/fs/bpf/newer/p/ingress (255)
Error: invalid attach type
> token show (0)
token_info  HERE/delegated
	allowed_cmds:
	  map_create          prog_load           btf_load            map_freeze          
	  link_create         
	allowed_maps:
	allowed_progs:
	  kprobe              
	allowed_attachs:
	  any                 
{"token_info":"HERE/delegated","allowed_cmds":["map_create","prog_load","btf_load","map_freeze","link_create"],"allowed_maps":[],"allowed_progs":["kprobe"],"allowed_attachs":["any"]}]
> token show foo (255)
Usage: skep token { show | list }
> link show id N (255)
Error: can't parse 4294967296 as ID
Error: can't query prog: Operation not permitted
{"error":"can't query prog: Operation not permitted"}
Error: can't get next link: Operation not permitted
Error: can't query bpf programs attached to GROUPS: Operation not permitted
Error: cgroup v2 isn't mounted
END
diff want out
