# timeout: 60
# Links of every kind that this kernel makes, with what newer kernels tell of them and bpftool 7.1 does not show.
groups=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
[ -n "$groups" ] || { echo "there are no groups of version 2"; exit 77; }
g=$groups/skep-links-$$ p=/sys/fs/bpf/links
mkdir "$g" $p || exit
trap 'rmdir "$g"; rm -r $p; ip link del v3 2>/dev/null' EXIT
ip link set lo up && ip link add v3 type veth peer name v4 || exit
cp "$(command -v attach)" "$(printf 'od\033d')" || exit # nobody runs it
file=$(pwd)/$(printf 'od\033d')
bpftool map create $p/map type hash key 4 value 4 entries 1 name m &&
	bpftool map create $p/sockets type sockmap key 4 value 4 entries 1 name s || exit

attach raw_tracepoint $p/01 sys_enter && attach raw_tracepoint_cookie $p/02 sys_exit 99 && attach tracepoint $p/03 &&
	attach uprobe $p/04 "$file" 0x1040 && attach uretprobe $p/05 "$file" 0x1040 &&
	attach uprobe $p/06 "$file" 0x1080 0x10 && attach event $p/07 1 9 && attach event $p/08 1 2 &&
	attach cgroup $p/09 "$g" 1 && attach netns $p/10 && attach xdp $p/11 v3 && attach tcx $p/12 v3 46 &&
	attach tcx $p/13 v3 47 && attach netfilter $p/14 && attach netfilter $p/15 10 3 100 &&
	attach uprobe_multi $p/16 "$file" 0 && attach uprobe_multi $p/17 "$file" 1 $$ && attach iter $p/18 &&
	attach iter $p/19 task $$ && attach iter $p/20 task 0 $$ && attach iter $p/21 cgroup "$g" &&
	attach iter $p/22 bpf_map_elem $p/map && attach sockmap $p/23 $p/sockets || exit

# Numbers that differ from run to run.
even() {
	sed -E "s/^[0-9]+: /N: /; s/(prog|map|cgroup_id|netns_ino|map_id|pid|tid|prog_id|link_id|link) [0-9]+/\1 N/g
s/\"(id|prog_id|cgroup_id|netns_ino|map_id|pid|tid|link_id)\":[0-9]+/\"\1\":N/g; s/(v[34]\()[0-9]+/\1N/
s/(\"devname\":\"v[34]\",\"ifindex\":)[0-9]+/\1N/g; s/driver id [0-9]+/driver id N/; s|$(pwd)|HERE|g; s|$g|GROUP|g"
}
tab=$(printf '\t')
prog_of() {
	skep link -j show pinned $p/"$1" | sed 's/.*"prog_id":\([0-9]*\).*/\1/'
}
say() {
	for n in "$@"; do
		skep link show pinned $p/"$n"
		skep link -j show pinned $p/"$n" | tee json
		python3 -m json.tool json >/dev/null || echo "not JSON"
	done | even
}
{
	say 01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20 21 22 23
	skep link -f show pinned $p/18
	skep link -jf show pinned $p/18
	# Netfilter's may be those of other tests, too.
	skep net show dev v3 >net
	sed '/^netfilter:/,$d' net
	grep -q "^${tab}ip6 output prio 100 prog_id $(prog_of 15)$" net || echo "no netfilter"
	skep net -j show dev v3 | tee json | sed 's/,"netfilter":.*//'
	grep -q "{\"pf\":2,\"hook\":1,\"prio\":-128,\"flags\":0,\"id\":$(prog_of 14)}" json || echo "no netfilter"
	python3 -m json.tool json >/dev/null || echo "not JSON"
	for n in 01 09 10 11 12 14 23; do
		skep link detach pinned $p/$n
		echo "status $?"
	done
	say 11 12
	skep link -j detach pinned $p/13
	skep link -j detach pinned $p/16
	ip link del v3
	say 13
	skep link pin pinned $p/02 $p/copy
	skep link -j pin pinned $p/02 $p/other
	skep link pin pinned $p/02 $p/copy
	skep link pin pinned $p/map $p/copy
	skep link show pinned $p/nosuch
	skep link show id 1 2
	skep link show pinned $p/copy | wc -l
} 2>&1 | even >out
cat >want <<'END'
N: raw_tracepoint  prog N  
	tp 'sys_enter'  
{"id":N,"type":"raw_tracepoint","prog_id":N,"tp_name":"sys_enter","cookie":0}
N: raw_tracepoint  prog N  
	tp 'sys_exit'  cookie 99  
{"id":N,"type":"raw_tracepoint","prog_id":N,"tp_name":"sys_exit","cookie":99}
N: perf_event  prog N  
	tracepoint sys_enter_getpid  cookie 77  
{"id":N,"type":"perf_event","prog_id":N,"tracepoint":"sys_enter_getpid","cookie":77}
N: perf_event  prog N  
	uprobe HERE/od\x1bd+0x1040  cookie 77  
{"id":N,"type":"perf_event","prog_id":N,"retprobe":false,"file":"HERE/od\u001bd","offset":4160,"cookie":77,"ref_ctr_offset":0}
N: perf_event  prog N  
	uretprobe HERE/od\x1bd+0x1040  cookie 77  
{"id":N,"type":"perf_event","prog_id":N,"retprobe":true,"file":"HERE/od\u001bd","offset":4160,"cookie":77,"ref_ctr_offset":0}
N: perf_event  prog N  
	uprobe HERE/od\x1bd+0x1080  cookie 77  ref_ctr_offset 0x10  
{"id":N,"type":"perf_event","prog_id":N,"retprobe":false,"file":"HERE/od\u001bd","offset":4224,"cookie":77,"ref_ctr_offset":16}
N: perf_event  prog N  
	event software:dummy  cookie 77  
{"id":N,"type":"perf_event","prog_id":N,"event_type":"software","event_config":"dummy","cookie":77}
N: perf_event  prog N  
	event software:page-faults  cookie 77  
{"id":N,"type":"perf_event","prog_id":N,"event_type":"software","event_config":"page-faults","cookie":77}
N: cgroup  prog N  
	cgroup_id N  attach_type cgroup_inet_egress  
{"id":N,"type":"cgroup","prog_id":N,"cgroup_id":N,"attach_type":"cgroup_inet_egress"}
N: netns  prog N  
	netns_ino N  attach_type sk_lookup  
{"id":N,"type":"netns","prog_id":N,"netns_ino":N,"attach_type":"sk_lookup"}
N: xdp  prog N  
	ifindex v3(N)  
{"id":N,"type":"xdp","prog_id":N,"devname":"v3","ifindex":N}
N: tcx  prog N  
	ifindex v3(N)  attach_type tcx_ingress  
{"id":N,"type":"tcx","prog_id":N,"devname":"v3","ifindex":N,"attach_type":"tcx_ingress"}
N: tcx  prog N  
	ifindex v3(N)  attach_type tcx_egress  
{"id":N,"type":"tcx","prog_id":N,"devname":"v3","ifindex":N,"attach_type":"tcx_egress"}
N: netfilter  prog N  
	ip input prio -128
{"id":N,"type":"netfilter","prog_id":N,"pf":2,"hook":1,"prio":-128,"flags":0}
N: netfilter  prog N  
	ip6 output prio 100
{"id":N,"type":"netfilter","prog_id":N,"pf":10,"hook":3,"prio":100,"flags":0}
N: uprobe_multi  prog N  
	uprobe.multi  path HERE/od\x1bd  func_cnt 2  
	offset             ref_ctr_offset     cookies         
	0x40               0x0                0x7               
	0x80               0x0                0x88              
{"id":N,"type":"uprobe_multi","prog_id":N,"retprobe":false,"path":"HERE/od\u001bd","func_cnt":2,"pid":N,"funcs":[{"offset":64,"ref_ctr_offset":0,"cookie":7},{"offset":128,"ref_ctr_offset":0,"cookie":136}]}
N: uprobe_multi  prog N  
	uretprobe.multi  path HERE/od\x1bd  func_cnt 2  pid N  
	offset             ref_ctr_offset     cookies         
	0x40               0x0                0x7               
	0x80               0x0                0x88              
{"id":N,"type":"uprobe_multi","prog_id":N,"retprobe":true,"path":"HERE/od\u001bd","func_cnt":2,"pid":N,"funcs":[{"offset":64,"ref_ctr_offset":0,"cookie":7},{"offset":128,"ref_ctr_offset":0,"cookie":136}]}
N: iter  prog N  target_name bpf_map  
{"id":N,"type":"iter","prog_id":N,"target_name":"bpf_map"}
N: iter  prog N  target_name task  tid N  
{"id":N,"type":"iter","prog_id":N,"target_name":"task","tid":N}
N: iter  prog N  target_name task  pid N  
{"id":N,"type":"iter","prog_id":N,"target_name":"task","pid":N}
N: iter  prog N  target_name cgroup  cgroup_id N  order self_only  
{"id":N,"type":"iter","prog_id":N,"target_name":"cgroup","cgroup_id":N,"order":"self_only"}
N: iter  prog N  target_name bpf_map_elem  map_id N  
{"id":N,"type":"iter","prog_id":N,"target_name":"bpf_map_elem","map_id":N}
N: sockmap  prog N  
	map_id N  attach_type sk_msg_verdict  
{"id":N,"type":"sockmap","prog_id":N,"map_id":N,"attach_type":"sk_msg_verdict"}
N: iter  prog N  target_name bpf_map  
	pinned /sys/fs/bpf/links/18
{"id":N,"type":"iter","prog_id":N,"target_name":"bpf_map","pinned":["/sys/fs/bpf/links/18"]}
xdp:
v3(N) driver id N

tc:
v3(N) tcx/ingress nothing prog_id N link_id N 
v3(N) tcx/egress nothing prog_id N link_id N 

flow_dissector:

[{"xdp":[{"devname":"v3","ifindex":N,"mode":"driver","id":N}],"tc":[{"devname":"v3","ifindex":N,"kind":"tcx/ingress","name":"nothing","prog_id":N,"prog_flags":[],"link_id":N,"link_flags":[]},{"devname":"v3","ifindex":N,"kind":"tcx/egress","name":"nothing","prog_id":N,"prog_flags":[],"link_id":N,"link_flags":[]}],"flow_dissector":[]
Error: failed link detach: Operation not supported
status 1
status 0
status 0
status 0
status 0
status 0
status 0
N: xdp  prog N  
	ifindex (detached)  
{"id":N,"type":"xdp","prog_id":N,"devname":"(detached)","ifindex":0}
N: tcx  prog N  
	ifindex (detached)  attach_type tcx_ingress  
{"id":N,"type":"tcx","prog_id":N,"devname":"(detached)","ifindex":0,"attach_type":"tcx_ingress"}
null
{"error":"failed link detach: Operation not supported"}
N: tcx  prog N  
	ifindex (detached)  attach_type tcx_egress  
{"id":N,"type":"tcx","prog_id":N,"devname":"(detached)","ifindex":0,"attach_type":"tcx_egress"}
null
Error: can't pin BPF object: path '/sys/fs/bpf/links/copy' already exists
Error: incorrect object type: map
Error: bpf obj get (/sys/fs/bpf/links/nosuch): No such file or directory
Error: what is '2'?
2
END
diff want out
