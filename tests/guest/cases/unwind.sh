# timeout: 60
# User stacks by tables from every place of a program: uprobe, tracepoint, kprobe, fentry, profile.
# expect: 11 stacks
# expect: tracepoint write main
# expect: raw write main
# expect: kprobe write main
# expect: profile spin main
bare=$(command -v bare)
skep -q --no-warnings -o stacks -c bare -e \
	'uprobe:'"$bare"':here /pid == cpid/ { printf("%s %s|\n", str(arg0), dw_ustack(raw)); }' >own || exit
tr -s '\t\n ' '  ' <stacks | tr '|' '\n' |
	awk 'NF { printf "%s", $1; for (i = 3; i <= NF; i++) printf " %s", $i; print "" }' >seen
diff own seen || exit
echo "$(wc -l <seen) stacks"
try() {
	timeout 40 skep -q --no-warnings -o stacks -c 'bare deep 1' -e "$2" >/dev/null || cat stacks
	printf '%s%s%s\n' "$1" "$(grep -q '^        __*write+\|^        write+' stacks && echo ' write')" \
		"$(grep -q '^        main+' stacks && echo ' main')"
}
try tracepoint 'tracepoint:syscalls:sys_enter_write /pid == cpid/ { printf("%s\n%d\n", dw_ustack, args.fd); }'
try raw 'rawtracepoint:sys_enter /pid == cpid/ { @[dw_ustack] = count(); }'
try kprobe 'kprobe:vfs_write /pid == cpid/ { @[dw_ustack, kstack(2)] = count(); }'
timeout 40 skep -q --no-warnings -o stacks -c 'bare spin 3000000' -e \
	'profile:hz:99 /pid == cpid && len(dw_ustack) > 5/ { printf("%s\n", dw_ustack); exit(); }' >/dev/null || cat stacks
printf 'profile%s%s\n' "$(grep -q '^        \(deep\|here\)+' stacks && echo ' spin')" \
	"$(grep -q '^        main+' stacks && echo ' main')"
