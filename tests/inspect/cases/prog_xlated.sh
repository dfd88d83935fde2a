# timeout: 120
# requires: test -e "$(dirname "$(command -v work)")/listing.bpf.o"
# The kernel's instructions beside bpftool: functions, source lines, names of maps and calls, in each form.
p=/sys/fs/bpf/prog_xlated
trap 'rm -rf $p' EXIT
objects=$(dirname "$(command -v work)")
mkdir $p $p/l && /usr/sbin/bpftool prog loadall "$objects/listing.bpf.o" $p/l &&
	/usr/sbin/bpftool prog load "$objects/listing.bpf.o" $p/again && # the same tag twice
	/usr/sbin/bpftool prog load "$objects/prototypes.bpf.o" $p/prototypes || exit
tag=$(skep prog show pinned $p/again | sed -n 's/.*tag \([0-9a-f]*\).*/\1/p')
for program in l/listing_xdp l/listing_point l/listing_socket_filter prototypes; do
	for form in '' opcodes linum; do
		for options in '' -j -p; do
			echo "$options prog dump xlated pinned $p/$program $form"
		done
	done
done >lines
for options in '' -j -p; do
	echo "$options prog dump xlated tag $tag"
	echo "$options prog dump xlated tag $tag file x"
done >>lines
cat >>lines <<END2
prog d x p $p/again o
prog dump foo
-j prog dump foo
prog dump xlated id 999999999
prog dump xlated tag 123
prog dump xlated foo 1
-j prog dump xlated foo 1
prog dump xlated pinned $p/again file
prog dump xlated pinned $p/again file /nowhere/x
prog dump xlated pinned $p/again file x@
-j prog dump xlated pinned $p/again file x@
END2
status=0
# Both listings of one tag are the same but for the ids.
beside <lines | cut -c 1-200 >out
[ -s out ] && cat out && status=1
cmp x1 x2 && [ "$(stat -c %a x1)" = 600 ] || status=1

says() { # MESSAGE WORDS...
	message=$1
	shift
	skep prog "$@" >said 2>&1 && { echo "prog $*: passes"; status=1; }
	grep -qxF "Error: $message" said || { echo "prog $*: '$(cat said)' is not '$message'"; status=1; }
}
says "'dump' needs at least 1 arguments, 0 found" dump
says "what is 'xlated'?" dump xlated
says "what is 'id'?" dump xlated id
says "'file' is not compatible with 'opcodes', 'visual', or 'linum'" dump xlated pinned $p/again linum file x
says "'file' is not compatible with 'opcodes', 'visual', or 'linum'" dump xlated pinned $p/again file x visual
says 'several programs matched' dump xlated tag "$tag" visual
skep prog dump xlated pinned $p/again visual -j | grep -qxF '{"error":"'"'visual' is not compatible with JSON output"'"}' || status=1
skep prog dump xlated pinned $p/again nonsense 2>&1 | grep -q '^Usage: skep prog' || status=1
# Forms go together.
skep prog dump xlated pinned $p/again opcodes linum >both
[ "$(grep -c '\[file:.* line_num:[0-9]* line_col:[0-9]*\]$' both)" -gt 20 ] && [ "$(grep -c '^       [0-9a-f][0-9a-f] ' both)" -gt 100 ] || status=1

# Without the right to addresses: no names of what lies at them, and the listing still.
if setpriv --bounding-set -syslog --inh-caps -syslog grep -q '^0* . __bpf_call_base' /proc/kallsyms; then
	setpriv --bounding-set -syslog --inh-caps -syslog skep prog dump xlated pinned $p/again >hidden || status=1
	grep -q 'call unknown\|call bpf_unspec#0' hidden && ! grep -q '0xffffffff[89]' hidden || { grep call hidden; status=1; }
fi

# Graphviz: each function a cluster with its own lines, each block a node, all jumps edges.
skep prog dump xlated pinned $p/again "visual" >dot || status=1
skep prog dump xlated pinned $p/again visual opcodes linum >dot-all || status=1
{
	echo 'digraph "DOT graph for eBPF program" {'
	printf 'subgraph "cluster_0" {\n\tstyle="dashed";\n\tcolor="black";\n\tlabel="func_0 ()";\n'
	printf '\tfn_0_bb_0 [shape=Mdiamond,style=filled,label="ENTRY"];\n\n'
	printf '\tfn_0_bb_2 [shape=record,style=filled,label="{\\\n'
	printf '; int listing_xdp(struct xdp_md * ctx):\\l\\\n; SEC(\\"xdp\\")\\ int\\ listing_xdp(struct\\ xdp_md\\ *ctx)\\l\\\n'
	printf '0: (bf) r'
} >dot-begin
head -c "$(wc -c <dot-begin)" dot | cmp - dot-begin || { head -n 12 dot; status=1; }
[ "$(grep -c '^subgraph' dot)" = 4 ] && [ "$(grep -c 'label="ENTRY"' dot)" = 4 ] && [ "$(grep -c 'style="invis"' dot)" = 4 ] || status=1
sed -n '/^subgraph "cluster_[12]"/,/^}/p' dot | grep -qxF '; if\ (a\ \>\ b)\l\' || { echo 'sub: no lines of its own'; status=1; }
grep -qxF '; int sub(int a, int b):\l\' dot || status=1
grep -qE '^(\| )?[0-9]+: \(6e\) if w[0-9] s\\> w[0-9] goto pc\+[0-9]+\\l\\$' dot || status=1
grep -qE '^\\ \\ \\ \\ bf( [0-9a-f]{2}){7}\\l\\$' dot-all && grep -qE ' \[[^ ]* line:[0-9]+ col:[0-9]+\]\\l\\$' dot-all || status=1
# An edge's ends are nodes.
grep -o 'fn_[0-9]*_bb_[0-9]* \[' dot | sort -u | sed 's/ .*//' >nodes
sed -n 's/^	\(fn[^:]*\):s -> \(fn[^:]*\):n .*/\1\n\2/p' dot | sort -u | diff nodes - || status=1
if command -v dot >/dev/null; then dot -Tplain <dot >/dev/null || status=1; fi
exit $status
