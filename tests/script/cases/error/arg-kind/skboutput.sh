# What skboutput() takes, and where.
check() {
	skep --dry-run -e "$1" 2>err && { echo "accepted: $1"; exit 1; }
	head -n 1 err | grep -qxF "$2" || { echo "$1"; cat err; exit 1; }
}
check 'begin { skboutput("a", 1, 1, 1); }' \
	'stdin:1:9-32: ERROR: skboutput can not be used with "begin" probes'
check 'rawtracepoint:net_dev_queue { skboutput("a", curtask, 1, 1); }' \
	'stdin:1:46-53: ERROR: skboutput() only supports struct sk_buff * arguments (struct task_struct * provided)'
check 'rawtracepoint:net_dev_queue { skboutput("a", (struct sk_buff *)pid, 1, 1); }' \
	"stdin:1:46-67: ERROR: skboutput() needs the probe's own struct sk_buff, as args has it"
check 'rawtracepoint:net_dev_queue { skboutput("a", args.skb, "a", 1); }' \
	'stdin:1:56-59: ERROR: skboutput() only supports int arguments (string provided)'
check 'rawtracepoint:net_dev_queue { skboutput("a", args.skb, 1); }' \
	'stdin:1:31-58: ERROR: skboutput() requires 4 arguments (3 provided)'
check 'rawtracepoint:net_dev_queue { skboutput(comm, args.skb, 1, 1); }' \
	'stdin:1:41-45: ERROR: skboutput() expects a string literal (string provided)'
