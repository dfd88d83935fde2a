/* A program in one section of every kind that needs nothing but its context. */
#include "bpf.h"

#define PROGRAM(section, name)                                                                     \
	SEC(section) int name(void *ctx)                                                           \
	{                                                                                          \
		return 0;                                                                          \
	}
#define PROGRAM1(section, name)                                                                    \
	SEC(section) int name(void *ctx)                                                           \
	{                                                                                          \
		return 1;                                                                          \
	}

PROGRAM("socket", s_socket)
PROGRAM("kprobe/do_nothing", s_kprobe)
PROGRAM("uprobe.s", s_uprobe_s)
PROGRAM("usdt/a:b:c", s_usdt)
PROGRAM("tc", s_tc)
PROGRAM("classifier", s_classifier)
PROGRAM("action", s_action)
PROGRAM("tracepoint/syscalls/sys_enter_read", s_tracepoint)
PROGRAM("tp/syscalls/sys_enter_read", s_tp)
PROGRAM("raw_tp/sys_enter", s_raw_tp)
PROGRAM("raw_tracepoint.w/sys_enter", s_raw_tp_w)
PROGRAM("syscall", s_syscall)
PROGRAM("xdp", s_xdp)
PROGRAM("xdp.frags", s_xdp_frags)
PROGRAM("xdp/devmap", s_xdp_devmap)
PROGRAM("xdp.frags/cpumap", s_xdp_cpumap)
PROGRAM("perf_event", s_perf_event)
PROGRAM("lwt_in", s_lwt_in)
PROGRAM("lwt_out", s_lwt_out)
PROGRAM("lwt_xmit", s_lwt_xmit)
PROGRAM("lwt_seg6local", s_lwt_seg6local)
PROGRAM("sockops", s_sockops)
PROGRAM1("sk_skb/stream_parser", s_stream_parser)
PROGRAM1("sk_skb/stream_verdict", s_stream_verdict)
PROGRAM1("sk_skb", s_sk_skb)
PROGRAM1("sk_msg", s_sk_msg)
PROGRAM1("sk_reuseport", s_sk_reuseport)
PROGRAM1("sk_lookup", s_sk_lookup)
PROGRAM("flow_dissector", s_flow_dissector)
PROGRAM1("cgroup_skb/ingress", s_ingress)
PROGRAM1("cgroup_skb/egress", s_egress)
PROGRAM1("cgroup/skb", s_skb)
PROGRAM1("cgroup/sock", s_sock)
PROGRAM1("cgroup/sock_release", s_sock_release)
PROGRAM1("cgroup/post_bind4", s_post_bind4)
PROGRAM1("cgroup/bind6", s_bind6)
PROGRAM1("cgroup/connect4", s_connect4)
PROGRAM1("cgroup/sendmsg6", s_sendmsg6)
PROGRAM1("cgroup/recvmsg4", s_recvmsg4)
PROGRAM1("cgroup/getpeername4", s_getpeername4)
PROGRAM1("cgroup/getsockname6", s_getsockname6)
PROGRAM1("cgroup/sysctl", s_sysctl)
PROGRAM1("cgroup/getsockopt", s_getsockopt)
PROGRAM1("cgroup/setsockopt", s_setsockopt)
PROGRAM1("cgroup/dev", s_dev)
