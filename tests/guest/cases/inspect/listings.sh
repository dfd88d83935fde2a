# timeout: 120
# Listings of a script's programs on this kernel: the instructions beside bpftool, the rest well-formed.
# A move that makes a pointer this CPU's (6.10) is any move to an older bpftool.
cat >each.sh <<'END2'
for id in $(skep prog show | sed -n 's/^\([0-9]*\): .*/\1/p'); do
	skep prog show id "$id" | grep -q "pids.*skep(" || continue
	echo "$id" >>ids
	for form in '' opcodes linum; do
		echo "prog dump xlated id $id $form"
		echo "-j prog dump xlated id $id $form"
	done | beside -e 's/ = &(void __percpu \*)(\(r[0-9]*\))/ = \1/g' >>differs
	skep prog explain id "$id" >"e.$id" && skep prog graph id "$id" >"g.$id" && skep prog dump jited id "$id" file "j.$id" &&
		grep -q '</svg>' "g.$id" && grep -q '; R[0-9]=fp-' "e.$id" && [ -s "j.$id" ] || echo "$id" >>wrong
done
END2
skep -q -c 'sh each.sh' -e 'kprobe:vfs_read { @[comm] = count(); } tracepoint:syscalls:sys_enter_openat { @o[str(args.filename)] = count(); }' >/dev/null || exit
[ -s ids ] && [ ! -s differs ] && [ ! -e wrong ] || { cut -c 1-200 differs; for id in $(cat wrong); do head -n 5 "e.$id"; done; exit 1; }
