# timeout: 30
# Each kind of frame, as backtrace(3) has them in the program itself: callback of the C library,
# signal, fault on another stack, alloca, an aligned stack, tail call, thread, no return.
# expect: 11 stacks
skep -q --no-warnings -o stacks -c bare -e \
	'uprobe:'"$(command -v bare)"':here /pid == cpid/ { printf("%s %s|\n", str(arg0), dw_ustack(raw)); }' >own || exit
# The innermost frame is another place of here().
tr -s '\t\n ' '  ' <stacks | tr '|' '\n' |
	awk 'NF { printf "%s", $1; for (i = 3; i <= NF; i++) printf " %s", $i; print "" }' >seen
diff own seen || exit
echo "$(wc -l <seen) stacks"
