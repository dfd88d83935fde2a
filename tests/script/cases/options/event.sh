# timeout: 60
# What event() options say, as attach points: BCC's patterns, regular expressions, scripts' own form.
cat >e.bt <<'E'
options = {
	regexp = flag("-r, --regexp", "");
	e      = event("EVENT", "what to trace");
	other  = event("-o, --other EVENT", "what else");
}
{opt.e}, {opt.other} { @a = 1; }
E
cat >both.bt <<'E'
options = { e = event("[EVENT]", "what to trace", "c:malloc"); }
{opt.e} { @since[tid] = nsecs; }
{opt.e.return} { print(@since[tid]); }
E
means() { # WHAT-IT-IS ARGUMENTS...
	want=$1
	shift
	skep --mode codegen -d types e.bt "$@" 2>&1 | sed -n 's/^  targets [0-9]*: //p' | tr '\n' ' ' | sed 's/ $//' >out
	[ "$(cat out)" = "$want" ] || { echo "$*: $(cat out), not $want"; exit 1; }
}
libc=$(skep -l 'uprobe:libc:malloc' | sed 's/^uprobe:\(.*\):malloc$/\1/')
[ -f "$libc" ] || exit 1
means kprobe:vfs_read vfs_read
means kprobe:vfs_read p::vfs_read
means kprobe:vfs_read p:vfs_read
means kprobe:vfs_read -r '^vfs_rea(d)$'
means "uprobe:$libc:malloc" c:malloc
means "uprobe:$libc:malloc" p:c:malloc
means "uprobe:$libc:malloc" "libc:malloc"
means "uprobe:$libc:malloc" "$libc:malloc"
means "uprobe:$libc:calloc ..." -r 'c:[[:lower:]]{1}alloc'
means tracepoint:syscalls:sys_enter_openat t:syscalls:sys_enter_openat
means tracepoint:syscalls:sys_enter_openat -r t:syscalls:sys_enter_openat
means 'kprobe:vfs_read tracepoint:syscalls:sys_enter_openat' vfs_read -o t:syscalls:sys_enter_openat
means fentry:vmlinux:vfs_read fentry:vfs_read
means interval:s:1 interval:s:1
means "uprobe:$libc:malloc" "uprobe:$libc:malloc"
skep --mode codegen -d types both.bt >out 2>&1 && grep -q "targets 1: uprobe:$libc:malloc" out &&
	grep -q "targets 1: uretprobe:$libc:malloc" out || { cat out; exit 1; }
refuses() { # MESSAGE ARGUMENTS...
	want=$1
	shift
	skep --mode codegen e.bt "$@" >out 2>err && { echo "accepted: $*"; exit 1; }
	grep -qxF -- "$want" err || { echo "expected $want"; cat err; exit 1; }
}
refuses "ERROR: EVENT: '' names no event" ''
refuses "ERROR: EVENT: 'vfs:' names no event" vfs:
refuses "ERROR: EVENT: 't::x' is no tracepoint: t:CATEGORY:EVENT" t::x
refuses "ERROR: EVENT: 't:x' is no tracepoint: t:CATEGORY:EVENT" t:x
refuses "ERROR: EVENT: 'u::p' is no USDT probe: u:LIBRARY:[PROVIDER:]NAME" u::p
refuses "ERROR: EVENT: 'u:l:p:q:r' is no USDT probe: u:LIBRARY:[PROVIDER:]NAME" u:l:p:q:r
refuses "ERROR: EVENT: 'a:b:c' is no event: [p:|t:|u:][LIBRARY:]NAME" a:b:c
refuses "ERROR: -o/--other: 'a:b:c' is no event: [p:|t:|u:][LIBRARY:]NAME" vfs_read -o a:b:c
skep --mode codegen e.bt -r 'c:(mal' 2>&1 | grep -q "^ERROR: EVENT: '(mal' is no regular expression: " || exit 1
skep --mode codegen both.bt t:a:b 2>&1 | grep -qxF "ERROR: EVENT: 't:a:b' is no function, which would return" || exit 1
# Only events have returns.
skep --mode codegen -e 'options = { n = int("[N]", "", 1); } interval:s:{opt.n.return} { }' 2>err && exit 1
grep -qxF "stdin:1:38-63: ERROR: There is no opt.n.return" err &&
	grep -qxF 'HINT: {opt.NAME.return} is the return of the function that an event() says' err || { cat err; exit 1; }
# In scripts: a name in quotes that begins with ~.
skep --mode codegen -d types -e "uprobe:libc:\"~(m|c)alloc\" { }" | grep -q 'targets 2: ' || exit 1
skep --mode codegen -d types -e 'k:"~vfs_(read|write)" { }' | grep -q 'targets 2: '
