/* Programs that are attached to maps of sockets and to a network namespace. */
#include "bpf.h"
enum { SOCKMAP = 15, SOCKHASH = 18 };
struct {
	int (*type)[SOCKMAP];
	int (*max_entries)[4];
	u32 *key;
	u32 *value;
} socks SEC(".maps");

SEC("sk_skb/stream_parser") int parser(void *ctx) { (void)ctx; return 1; }
SEC("sk_skb/stream_verdict") int verdict(void *ctx) { (void)ctx; return 1; }
SEC("sk_msg") int message(void *ctx) { (void)ctx; return 1; }
SEC("flow_dissector") int dissect(void *ctx) { (void)ctx; return 0; }
