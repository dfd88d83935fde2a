/* Programs that do nothing, one for each place where they are attached without a link. */
#include "bpf.h"
SEC("cgroup_skb/ingress") int ingress(void *ctx) { return 1; }
SEC("cgroup_skb/egress") int egress(void *ctx) { return 1; }
SEC("cgroup/dev") int device(void *ctx) { return 1; }
SEC("cgroup/connect4") int connect(void *ctx) { return 1; }
SEC("xdp") int xdp_pass(void *ctx) { return 2; }
SEC("tc") int tc_pass(void *ctx) { return 0; }
SEC("action") int action_pass(void *ctx) { return 0; }
SEC("flow_dissector") int dissect(void *ctx) { return 0; }
