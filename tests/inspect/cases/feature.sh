# timeout: 120
# What this kernel can do, row by row as bpftool finds it, but for what the older one does not know or, on new kernels,
# takes for there (helpers). The form of macros; what is known; who probes without privileges; what is wrong.
newer='/program_type netfilter\|program type netfilter\|map_type \(cgrp_storage\|arena\|insn_array\|rhash\) \|extension v4\|BPFILTER\|^	- bpf/d'
beside -e "$newer" <<'END' || exit
feature probe
feature probe kernel full
feature probe dev lo
END
beside -e 's/CONFIG_TEST_BPF.*//' <<'END' || exit
feature probe foo
feature probe prefix x
-j feature probe prefix x
feature probe kernel dev lo
feature probe dev
feature probe dev nodev
feature probe macros prefix
feature probe macros macros
feature list_builtins foo
END
json() { # WORDS...: JSON of skep beside bpftool's, what both have
	skep "$@" -j >ours && bpftool "$@" -j >theirs || exit
	python3 - <<-'END'
		import json
		import sys
		ours, theirs = json.load(open("ours")), json.load(open("theirs"))
		for part in theirs:
		    for key, value in theirs[part].items():
		        if "BPFILTER" in key:
		            continue
		        if part == "helpers":
		            value = value + ["bpf_cgrp_storage_get", "bpf_cgrp_storage_delete"]
		            if not set(ours[part][key]) <= set(value):
		                sys.exit("%s %s" % (key, sorted(set(ours[part][key]) - set(value))))
		        elif ours[part].get(key, "none") != value:
		            sys.exit("%s %s %s" % (key, ours[part].get(key), value))
		if ours["system_config"]["CONFIG_HZ"] is not None:
		    assert isinstance(ours["system_config"]["CONFIG_HZ"], str)
		assert "bpf_xdp_adjust_head" in ours["helpers"]["xdp_available_helpers"]
		assert "bpf_xdp_adjust_head" not in ours["helpers"]["socket_filter_available_helpers"]
		assert "bpf_trace_printk" not in ours["helpers"]["kprobe_available_helpers"]
	END
}
json feature probe || exit
# Macros: each of bpftool's that is not of helpers, with a beginning of their own.
skep feature probe macros prefix MINE_ | grep '^#define.*\(TYPE\|SYSCALL\|LIMIT\|LOOPS\|EXTENSION\)$' |
	grep -v 'NETFILTER\|CGRP_ST\|ARENA\|INSN_ARRAY\|RHASH\|V4_ISA' >ours
bpftool feature probe macros prefix MINE_ | grep '^#define.*\(TYPE\|SYSCALL\|LIMIT\|LOOPS\|EXTENSION\)$' >theirs
diff ours theirs || exit
skep feature probe macros >macros.h || exit
grep -qx '#define BPF__PROG_TYPE_xdp__HELPER_bpf_redirect 1' macros.h || exit
grep -qx '#define BPF__PROG_TYPE_socket_filter__HELPER_bpf_xdp_adjust_head 0' macros.h || exit
printf '#include "macros.h"\nint x = HAVE_PROG_TYPE_HELPER(xdp, bpf_redirect);\n' >use.c
cc -Werror -c use.c -I. -o use.o || exit
# Without privileges nothing but what anybody may do, and who asked stays who he is.
skep feature probe unprivileged >ours || exit
grep -q '^eBPF program_type kprobe is NOT available$' ours || exit
for group in prog_types map_types attach_types link_types helpers; do
	skep feature list_builtins $group >ours || exit
	bpftool feature list_builtins $group >theirs
	# As many as bpftool has are the same ones in the same order.
	head -n "$(wc -l <theirs)" ours | diff - theirs
	echo "$group $(wc -l <ours) $(skep feature list_builtins $group -j | python3 -c 'import json, sys; print(len(json.load(sys.stdin)))')"
done >out 2>&1
diff out - <<'END'
prog_types 33 33
map_types 36 36
attach_types 62 62
link_types 16 16
helpers 212 212
END
