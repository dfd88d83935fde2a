# Names are found when they are printed or when they are seen: the same names.
# timeout: 60
set -e
for lazy in true false; do
	skep -q -e "config = { lazy_symbolication = $lazy }
		tracepoint:syscalls:sys_enter_getpgid /pid == cpid/ { printf(\"%s\", ustack(3)); }" \
		-c "$(command -v frames)" >out.$lazy
	grep -qE '^ +outer\+[0-9]+' out.$lazy || { cat out.$lazy; exit 1; }
done
cmp out.true out.false
