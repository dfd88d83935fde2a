# timeout: 60
# Links on functions of the kernel, programs of groups' LSM hooks, actions of classifiers: what the host cannot make.
p=/sys/fs/bpf/attach g=/sys/fs/cgroup/attach
mkdir $p $g || exit
for m in sch_ingress cls_bpf act_bpf; do
	insmod /lib/modules/$m.ko 2>/dev/null # a case before may have
done
/usr/sbin/bpftool prog loadall "$(dirname "$(command -v attach)")/attached.bpf.o" $p/p || exit
is_old=false
case $(uname -r) in 6.1.*) is_old=true ;; esac

attach kprobe $p/1 && attach kretprobe $p/2 vfs_read && attach tracing $p/3 && attach tracing $p/4 vfs_read 5 &&
	attach lsm_cgroup $p/5 $g || exit
if ! $is_old; then
	attach kprobe_multi $p/6 && attach kprobe_multi $p/7 1 || exit
fi
even() {
	sed -E 's/^[0-9]+: /N: /; s/(prog|target_obj_id|target_btf_id|cgroup_id|prog_id|link) [0-9]+/\1 N/g
s/"(id|prog_id|target_obj_id|target_btf_id|cgroup_id|addr|link_id)":[0-9]+/"\1":N/g; s/ffffffff[0-9a-f]{8}/ADDRESS/g'
}
for n in 1 2 3 4 5 6 7; do
	[ -e $p/$n ] || continue
	skep link show pinned $p/$n
	skep link -j show pinned $p/$n
done 2>&1 | even >out
skep perf show | even >>out
if $is_old; then
	cat >want <<'END'
N: perf_event  prog N  
{"id":N,"type":"perf_event","prog_id":N}
N: perf_event  prog N  
{"id":N,"type":"perf_event","prog_id":N}
N: tracing  prog N  
	prog_type tracing  attach_type trace_fentry  
	target_obj_id N  target_btf_id N  
{"id":N,"type":"tracing","prog_id":N,"prog_type":"tracing","attach_type":"trace_fentry","target_obj_id":N,"target_btf_id":N,"cookie":0}
N: tracing  prog N  
	prog_type tracing  attach_type trace_fentry  
	target_obj_id N  target_btf_id N  
{"id":N,"type":"tracing","prog_id":N,"prog_type":"tracing","attach_type":"trace_fentry","target_obj_id":N,"target_btf_id":N,"cookie":0}
N: cgroup  prog N  
	cgroup_id N  attach_type lsm_cgroup  
{"id":N,"type":"cgroup","prog_id":N,"cgroup_id":N,"attach_type":"lsm_cgroup"}
link N: prog_id N  perf_event
link N: prog_id N  perf_event
END
else
	cat >want <<'END'
N: perf_event  prog N  
	kprobe ADDRESS do_nanosleep  cookie 77  
{"id":N,"type":"perf_event","prog_id":N,"retprobe":false,"addr":N,"func":"do_nanosleep","offset":0,"missed":0,"cookie":77}
N: perf_event  prog N  
	kretprobe ADDRESS vfs_read  cookie 77  
{"id":N,"type":"perf_event","prog_id":N,"retprobe":true,"addr":N,"func":"vfs_read","offset":0,"missed":0,"cookie":77}
N: tracing  prog N  
	prog_type tracing  attach_type trace_fentry  
	target_obj_id N  target_btf_id N  
{"id":N,"type":"tracing","prog_id":N,"prog_type":"tracing","attach_type":"trace_fentry","target_obj_id":N,"target_btf_id":N,"cookie":0}
N: tracing  prog N  
	prog_type tracing  attach_type trace_fentry  
	target_obj_id N  target_btf_id N  
{"id":N,"type":"tracing","prog_id":N,"prog_type":"tracing","attach_type":"trace_fentry","target_obj_id":N,"target_btf_id":N,"cookie":0}
N: cgroup  prog N  
	cgroup_id N  attach_type lsm_cgroup  
{"id":N,"type":"cgroup","prog_id":N,"cgroup_id":N,"attach_type":"lsm_cgroup"}
N: kprobe_multi  prog N  
	kprobe.multi  func_cnt 2  
	addr             cookie           func [module]
	ADDRESS 4                vfs_read
	ADDRESS 3                do_nanosleep
{"id":N,"type":"kprobe_multi","prog_id":N,"retprobe":false,"func_cnt":2,"missed":0,"funcs":[{"addr":N,"func":"vfs_read","module":null,"cookie":4},{"addr":N,"func":"do_nanosleep","module":null,"cookie":3}]}
N: kprobe_multi  prog N  
	kretprobe.multi  func_cnt 2  
	addr             cookie           func [module]
	ADDRESS 4                vfs_read
	ADDRESS 3                do_nanosleep
{"id":N,"type":"kprobe_multi","prog_id":N,"retprobe":true,"func_cnt":2,"missed":0,"funcs":[{"addr":N,"func":"vfs_read","module":null,"cookie":4},{"addr":N,"func":"do_nanosleep","module":null,"cookie":3}]}
link N: prog_id N  kprobe  func do_nanosleep  offset 0
link N: prog_id N  kretprobe  func vfs_read  offset 0
END
fi
status=0
diff want out || status=1

tc=/usr/sbin/tc # not busybox's word
$tc qdisc add dev lo clsact &&
	$tc filter add dev lo egress bpf pinned $p/p/tc_pass action bpf pinned $p/p/action_pass action bpf pinned $p/p/action_pass || exit
attach xdp $p/xdp lo || exit
beside -e '/^netfilter:$/,$d; s/,"netfilter":.*/}]/; /^ *"netfilter": \[/,$d; s/"flow_dissector": \[\],/"flow_dissector": []/
/^    }$/d; /^]$/d; /^	pids/d' <<END || status=1
net
-j net
-p net show dev lo
cgroup show $g
-p cgroup show $g
cgroup tree
-j cgroup tree
cgroup tree $g effective
link show pinned $p/5
-j link show pinned $p/5
-f link show pinned $p/5
link detach pinned $p/1
link detach pinned $p/5
-j link detach pinned $p/xdp
END
skep net | grep -q 'act \[{action_pass:\[\*fsobj\] id [0-9]*}{action_pass:\[\*fsobj\] id [0-9]*}\] $' || { skep net; status=1; }
$tc qdisc del dev lo clsact
skep net attach tcx_ingress pinned $p/p/tc_pass dev lo >out 2>&1
if $is_old; then
	grep -qx 'Error: interface tcx_ingress attach failed: Invalid argument' out || { cat out; status=1; }
else
	skep net show dev lo | grep -q '^lo(1) tcx/ingress tc_pass prog_id [0-9]* $' && skep net detach tcx_ingress dev lo || status=1
fi
rm -r $p && rmdir $g
exit $status
