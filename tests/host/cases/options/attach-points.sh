# {opt.NAME} in attach points: values, lists, whole attach points.
cat >x.bt <<'END'
options = {
	ms  = int("-m, --ms MS", "", 1);
	lib = text("-l, --lib FILE", "", "libc");
	fns = texts("-f, --function F", "");
	all = texts("[PROBE...]", "");
}
interval:ms:{opt.ms} { exit(); }
uprobe:{opt.lib}:{opt.fns} { @u = count(); }
{opt.all} { @p = count(); }
named={opt.all} /pid == -1/ { print(probe); }
END
attaches() {
	want=$1
	shift
	skep -c "sleep 20" x.bt "$@" >out 2>&1 || { echo "$*"; cat out; exit 1; }
	grep -qxF -- "$want" out || { echo "$*: no '$want'"; cat out; exit 1; }
}
attaches 'Attached 1 probe'
attaches 'Attached 3 probes' -f malloc -f free
attaches 'Attached 2 probes' -m 5 --lib=libm -f sin
attaches 'Attached 5 probes' begin tracepoint:syscalls:sys_enter_read
skep -l x.bt >out || exit 1
[ "$(cat out)" = 'interval:ms:1' ] || { cat out; exit 1; }
skep -l x.bt -m 9 'tracepoint:syscalls:sys_enter_read' >out || exit 1
printf '%s\n' interval:ms:9 tracepoint:syscalls:sys_enter_read tracepoint:syscalls:sys_enter_read | cmp - out || { cat out; exit 1; }
# the value is not read again as language, and an unknown probe is the usual mistake
skep --dry-run x.bt 'begin { exit(); } begin' >out 2>&1 && exit 1
grep -q 'ERROR: Invalid probe type: begin { exit(); } begin' out || { cat out; exit 1; }
skep --dry-run x.bt -m 0 >out 2>&1 && exit 1
grep -q '^x.bt:7:1-21: ERROR: ' out || { cat out; exit 1; }
