# timeout: 180
# requires: test -e "$(dirname "$(command -v work)")/listing.bpf.o"
# What our verifier knows beside each instruction of programs that the kernel has rewritten.
p=/sys/fs/bpf/prog_explain
trap 'rm -rf $p' EXIT
objects=$(dirname "$(command -v work)")
mkdir $p $p/l && /usr/sbin/bpftool prog loadall "$objects/listing.bpf.o" $p/l &&
	/usr/sbin/bpftool prog load "$objects/prototypes.bpf.o" $p/prototypes || exit
status=0
bad() { echo "$*"; status=1; }
# The listing is that of `dump xlated`, line for line, whatever stands beside it.
whole() { # PROG WORDS
	skep prog dump xlated "$@" >xlated 2>&1 && skep prog explain "$@" >explained 2>&1 || { bad "explain $*: $(tail -n 3 explained)"; return; }
	sed -e '/^; /!{s/ *[?;] .*//; s/ *$//}' explained | grep -v '^$' | grep -v '^the walk ended at' >bare
	sed 's/ *$//' xlated | grep -v '^$' | sed '/^; /!s/ *[?;] .*//' | diff - bare >differ || bad "explain $*: $(head -n 5 differ)"
	skep prog explain "$@" -j >json && python3 -c 'import json, re
insns = json.load(open("json"))
assert len(insns) == len([l for l in open("xlated", errors="replace") if re.match(r" *\d+: \(", l)])
assert all(isinstance(i["pc"], int) and isinstance(i["registers"], list) and i["disasm"] for i in insns)' || bad "JSON of $*"
}
sees() { # PATTERN
	grep -qE -- "$1" explained || bad "not seen: $1 in $(cut -c 1-150 explained)"
}
whole pinned $p/l/listing_xdp
sees '^ +[0-9]+: \(bf\) r[67] = r1 +; R1=ctx R[67]=ctx$'
sees '^ +[0-9]+: \(79\) r[0-9] = \*\(u64 \*\)\(r[0-9] \+8\) +\? xdp_md.data_end$'
sees '; .*R[0-9]=pkt_end$'
sees '^ +[0-9]+: \(85\) call .*htab_map_lookup_elem#[0-9]+ +; R0=map_value_or_null\(id=[0-9]+,map=seen,ks=4,vs=8\)$'
sees '\? call bpf_map_lookup_elem, written out$'
sees '; R0=map_value\(map=counts,ks=4,vs=8\)$'
sees 'R[0-9]=pkt\(r=20\)'
sees 'fp-[0-9]+='
grep -q '^the walk ended' explained && bad "ends early: $(tail -n 1 explained)"
whole pinned $p/l/listing_point
sees '\(79\) r2 = \*\(u64 \*\)\(r[0-9] \+8\) +; R2=\(\) R[0-9]=ctx$' # records of tracepoints are not rewritten
whole pinned $p/l/listing_socket_filter
sees '\? reads the context as the kernel has it$'
grep -q '^the walk ended' explained && bad "ends early: $(tail -n 1 explained)"
whole pinned $p/prototypes
sees '; R0=0$'

# Programs of scripts, of several kinds.
cat >each.sh <<'END2'
for id in $(skep link show | sed -n 's/^[0-9]*: [a-z_]*  prog \([0-9]*\)  *$/\1/p' | sort -u); do
	skep prog show id "$id" | grep -q "pids.*skep($PPID)" && echo "$id"
done >ids
while read -r id; do
	skep prog dump xlated id "$id" >"x.$id" && skep prog explain id "$id" >"e.$id" && skep prog explain id "$id" -j >"j.$id" || echo "$id" >>wrong
done <ids
END2
skep -q -c 'sh each.sh' -e "tracepoint:sched:sched_switch /pid == cpid/ { @[comm, args.prev_prio] = count(); @h = hist(nsecs); }
	uprobe:$(command -v work):* { @p[probe] = count(); @s = str(arg0); }
	tracepoint:syscalls:sys_enter_openat /pid == cpid/ { printf(\"%s\", str(args.filename)); for (\$i : 0..200) { @x[\$i] = count(); } }" >/dev/null 2>err
[ -s ids ] && [ ! -e wrong ] || bad "scripts: $(cat err wrong ids)"
while read -r id; do
	[ "$(grep -cE '^ *[0-9]+: \(' "x.$id")" = "$(grep -cE '^ *[0-9]+: \(' "e.$id")" ] && grep -q '; R1=ctx' "e.$id" &&
		python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "j.$id" || bad "script's program: $(head -n 5 "e.$id")"
done <ids

says() { # MESSAGE WORDS...
	message=$1
	shift
	skep prog explain "$@" >said 2>&1 && bad "prog explain $*: passes"
	grep -qxF "$message" said || bad "prog explain $*: '$(cat said)' is not '$message'"
}
says "Error: what is 'explain'?"
says 'Error: get by id (999999999): No such file or directory' id 999999999
says '{"error":"get by id (999999999): No such file or directory"}' id 999999999 -j
skep prog explain pinned $p/prototypes nonsense 2>&1 | grep -q '^Usage: ' || bad 'nonsense'
exit $status
