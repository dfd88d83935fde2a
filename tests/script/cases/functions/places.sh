# Each mistake that can be made with a function is told in the manual's words, and at its place. One
# script a line: the statements of `begin`, or whole probes; then what the first line has to be.
# timeout: 60
fail=0
while IFS= read -r line; do
	script=${line% | *} want=${line##* | }
	case $script in
	*'{'*) text=$script ;;
	*) text="begin { $script; }" ;;
	esac
	got=$(skep --dry-run -e "$text" 2>&1 | sed -n 's/^stdin:\([0-9:-]*: ERROR: .*\)/\1/p' | head -n 1)
	[ "$got" = "$want" ] && continue
	echo "$text"
	echo "	says: $got"
	echo "	want: $want"
	fail=1
done <<'END'
print(cgroup(1)) | 1:15-24: ERROR: cgroup() requires no arguments (1 provided)
print(nono) | 1:15-19: ERROR: Unknown identifier: 'nono'
print(retval) | 1:15-21: ERROR: The retval builtin can only be used with 'kretprobe' and 'uretprobe' and 'fentry' probes
print(arg0) | 1:15-19: ERROR: The arg0 builtin can only be used with 'kprobes', 'uprobes' and 'usdt' probes
print(args) | 1:15-19: ERROR: The args builtin can only be used with tracepoint, rawtracepoint, fentry/fexit, and uprobe probes (begin used here)
print(func) | 1:15-19: ERROR: func can not be used with "begin" probes
print(ctx) | 1:15-18: ERROR: ctx can not be used with "begin" probes
print(usermode) | 1:15-23: ERROR: usermode can not be used with "begin" probes
print(sarg0) | 1:15-20: ERROR: sarg0 can not be used with "begin" probes
print(reg("ip")) | 1:15-24: ERROR: reg can not be used with "begin" probes
tracepoint:syscalls:sys_enter_read { print(retval); } | 1:44-50: ERROR: The retval builtin can only be used with 'kretprobe' and 'uretprobe' and 'fentry' probes (try to use args.ret instead)
tracepoint:syscalls:sys_enter_read { print(ctx); } | 1:44-47: ERROR: Use args instead of ctx in tracepoint
tracepoint:syscalls:sys_enter_read { print(args.nono); } | 1:44-53: ERROR: args of tracepoint:syscalls:sys_enter_read has no field named 'nono'
profile:hz:9 { print(reg("nono")); } | 1:22-33: ERROR: 'nono' is not a valid register on this architecture
profile:hz:9 { print(reg(ax)); } | 1:26-28: ERROR: Unknown identifier: 'ax'
printf(comm) | 1:16-20: ERROR: printf() expects a string literal (string provided)
printf() | 1:9-17: ERROR: printf() requires at least one argument (0 provided)
printf(1) | 1:16-17: ERROR: printf() expects a string literal (int provided)
printf("%d") | 1:9-21: ERROR: not enough arguments for format string (0 supplied, 1 expected)
printf("a", 1) | 1:9-23: ERROR: too many arguments for format string (1 supplied, 0 expected)
printf("%f", 1) | 1:9-24: ERROR: unsupported format specifier: f
printf("%E", 1) | 1:9-24: ERROR: unsupported format specifier: E
printf("%lg", 1) | 1:9-25: ERROR: unsupported format specifier: g
printf("%A", 1) | 1:9-24: ERROR: unsupported format specifier: A
printf("%n", 1) | 1:9-24: ERROR: unsupported format specifier: n
printf("%d", "abc") | 1:9-28: ERROR: unsupported format specifier for type 'string[4]': d
printf("%d", (1, 2)) | 1:9-29: ERROR: unsupported format specifier for type '(int8,int8)': d
printf("%x", kstack) | 1:9-29: ERROR: unsupported format specifier for type 'kstack_bpftrace_127': x
printf("%c", "a") | 1:9-26: ERROR: unsupported format specifier for type 'string[2]': c
printf("%p", "a") | 1:9-26: ERROR: unsupported format specifier for type 'string[2]': p
printf("%s", printf("a")) | 1:9-34: ERROR: unable to print none type for specifier: s
printf("%r", 1) | 1:9-24: ERROR: unsupported format specifier for type 'int8': r
printf("%rx", "abc") | 1:9-29: ERROR: unsupported format specifier for type 'string[4]': rx
printf("%rh", "abc") | 1:9-29: ERROR: unsupported format specifier for type 'string[4]': rh
printf("%gr", "a") | 1:9-27: ERROR: unsupported format specifier for type 'string[2]': gr
@x = hist(1); printf("%s", @x) | 1:23-39: ERROR: unsupported format specifier for type 'hist_t': s
@x = stats(1); printf("%d", @x) | 1:24-40: ERROR: unsupported format specifier for type 'stats_t': d
errorf() | 1:9-17: ERROR: errorf() requires at least one argument (0 provided)
errorf(1) | 1:16-17: ERROR: errorf() expects a string literal (int provided)
errorf("%d", "a") | 1:9-26: ERROR: unsupported format specifier for type 'string[2]': d
warnf() | 1:9-16: ERROR: warnf() requires at least one argument (0 provided)
warnf("%d") | 1:9-20: ERROR: not enough arguments for format string (0 supplied, 1 expected)
print() | 1:9-16: ERROR: print() requires at least one argument (0 provided)
print(@x) | 1:15-17: ERROR: Undefined map: @x
print(1, 2) | 1:9-20: ERROR: Only maps can be printed with top and div arguments
print(printf("a")) | 1:15-26: ERROR: Unable to print none
@x[1] = 1; print(@x, 1, 2, 3) | 1:20-38: ERROR: print() takes up to 3 arguments (4 provided)
@x[1] = 1; print(@x, "a") | 1:30-33: ERROR: print() expects an int literal (string provided)
@x[1] = 1; print(@x, -1) | 1:30-32: ERROR: print() expects a non-negative int literal
@x[1] = 1; print(@x[1], 2) | 1:20-35: ERROR: Only maps can be printed with top and div arguments
$n = 1; @x[1] = 1; print(@x, $n) | 1:38-40: ERROR: print() expects an int literal (int provided)
cat() | 1:9-14: ERROR: cat() requires at least one argument (0 provided)
cat(1) | 1:13-14: ERROR: cat() expects a string literal (int provided)
cat("%d") | 1:9-18: ERROR: not enough arguments for format string (0 supplied, 1 expected)
cat("%d", "a") | 1:9-23: ERROR: unsupported format specifier for type 'string[2]': d
system("ls") | 1:9-21: ERROR: system() is an unsafe function being used in safe mode
join() | 1:9-15: ERROR: join() requires at least one argument (0 provided)
join("a") | 1:14-17: ERROR: join() only supports int or pointer arguments (string provided)
join(1, 2) | 1:17-18: ERROR: join() expects a string literal (int provided)
join(1, comm) | 1:17-21: ERROR: join() expects a string literal (string provided)
join(1, "a", 3) | 1:9-24: ERROR: join() takes up to 2 arguments (3 provided)
time(1) | 1:14-15: ERROR: time() expects a string literal (int provided)
time("a", 1) | 1:9-21: ERROR: time() takes up to one argument (2 provided)
exit("a") | 1:14-17: ERROR: exit() only supports int arguments (string provided)
exit(1, 2) | 1:9-19: ERROR: exit() takes up to one argument (2 provided)
clear() | 1:9-16: ERROR: clear() requires one argument (0 provided)
clear(1) | 1:15-16: ERROR: clear() expects a map to be provided
clear(@x) | 1:15-17: ERROR: Undefined map: @x
@x = 1; @y = 1; clear(@x, @y) | 1:25-38: ERROR: clear() requires one argument (2 provided)
@x[1] = 1; clear(@x[1]) | 1:26-31: ERROR: clear() expects a map to be provided
zero() | 1:9-15: ERROR: zero() requires one argument (0 provided)
zero(1) | 1:14-15: ERROR: zero() expects a map to be provided
zero(@x) | 1:14-16: ERROR: Undefined map: @x
strftime("a") | 1:9-22: ERROR: strftime() requires 2 arguments (1 provided)
strftime(1, 2) | 1:18-19: ERROR: strftime() expects a string literal (int provided)
strftime("%H", "a") | 1:24-27: ERROR: strftime() only supports int arguments (string provided)
str() | 1:9-14: ERROR: str() requires at least one argument (0 provided)
str((1, 2)) | 1:13-19: ERROR: str() expects an integer or a pointer type as first argument (tuple provided)
str(1, 2, 3) | 1:9-21: ERROR: str() takes up to 2 arguments (3 provided)
str(1, "a") | 1:16-19: ERROR: str() only supports int arguments (string provided)
kstr("a", "b") | 1:19-22: ERROR: kstr() only supports int arguments (string provided)
buf() | 1:9-14: ERROR: buf() requires at least one argument (0 provided)
buf(1) | 1:9-15: ERROR: buf() expects a length argument for non-array type int8
buf(1, "a") | 1:16-19: ERROR: buf() only supports int arguments (string provided)
buf((1, 2), 2) | 1:13-19: ERROR: buf() only supports int, pointer or array arguments (tuple provided)
strncmp("a", "b") | 1:9-26: ERROR: strncmp() requires 3 arguments (2 provided)
strncmp(1, "a", 1) | 1:17-18: ERROR: strncmp() only supports string arguments (int provided)
strncmp("a", "b", comm) | 1:27-31: ERROR: strncmp() expects an int literal (string provided)
strncmp("a", "b", -1) | 1:27-29: ERROR: strncmp() expects a non-negative int literal (-1 provided)
$n = 1; strncmp("a", "b", $n) | 1:35-37: ERROR: strncmp() expects an int literal (int provided)
strlen() | 1:9-17: ERROR: strlen() requires one argument (0 provided)
strlen(1) | 1:16-17: ERROR: strlen() only supports string arguments (int provided)
strcap(1) | 1:16-17: ERROR: strcap() only supports string arguments (int provided)
strstr("a") | 1:9-20: ERROR: strstr() requires 2 arguments (1 provided)
strcontains(1, "a") | 1:21-22: ERROR: strcontains() only supports string arguments (int provided)
str_concat("a", 1) | 1:25-26: ERROR: str_concat() only supports string arguments (int provided)
memcmp("a", "b", 3) | 1:26-27: ERROR: memcmp() cannot compare 3 bytes of string[2] (at most 2)
strerror() | 1:9-19: ERROR: strerror() requires one argument (0 provided)
strerror("a") | 1:18-21: ERROR: strerror() only supports int arguments (string provided)
signal_name("a") | 1:21-24: ERROR: signal_name() only supports int arguments (string provided)
syscall_name("a") | 1:22-25: ERROR: syscall_name() only supports int arguments (string provided)
bswap() | 1:9-16: ERROR: bswap() requires one argument (0 provided)
bswap("a") | 1:15-18: ERROR: bswap() only supports int arguments (string provided)
ntop() | 1:9-15: ERROR: ntop() requires at least one argument (0 provided)
ntop("a") | 1:14-17: ERROR: ntop() only supports int, pointer or array arguments (string provided)
ntop("a", 1) | 1:14-17: ERROR: ntop() only supports int arguments (string provided)
ntop(1, 2, 3) | 1:9-22: ERROR: ntop() takes up to 2 arguments (3 provided)
ntop((int8[3])1) | 1:14-24: ERROR: ntop() argument must be 4 or 16 bytes in size
pton() | 1:9-15: ERROR: pton() requires one argument (0 provided)
pton(1) | 1:14-15: ERROR: pton() expects a string literal (int provided)
pton("x") | 1:9-18: ERROR: pton() expects an string argument of an IPv4/IPv6 address, got x
pton("1.2.3.400") | 1:9-26: ERROR: pton() expects an string argument of an IPv4/IPv6 address, got 1.2.3.400
pton("::g") | 1:9-20: ERROR: pton() expects an string argument of an IPv4/IPv6 address, got ::g
macaddr() | 1:9-18: ERROR: macaddr() requires one argument (0 provided)
macaddr("a") | 1:17-20: ERROR: macaddr() only supports int, pointer or array arguments (string provided)
macaddr((int8[3])1) | 1:17-27: ERROR: macaddr() argument must be 6 bytes in size
ksym() | 1:9-15: ERROR: ksym() requires one argument (0 provided)
ksym("a") | 1:14-17: ERROR: ksym() only supports int or pointer arguments (string provided)
usym() | 1:9-15: ERROR: usym() requires one argument (0 provided)
usym("a") | 1:14-17: ERROR: usym() only supports int or pointer arguments (string provided)
kaddr() | 1:9-16: ERROR: kaddr() requires one argument (0 provided)
kaddr(1) | 1:15-16: ERROR: kaddr() expects a string literal (int provided)
kaddr("nono") | 1:9-22: ERROR: Failed to resolve kernel symbol: nono
uaddr("x") | 1:9-19: ERROR: uaddr can not be used with "begin" probes
kptr("a") | 1:14-17: ERROR: kptr() only supports int or pointer arguments (string provided)
uptr() | 1:9-15: ERROR: uptr() requires one argument (0 provided)
uptr("a") | 1:14-17: ERROR: uptr() only supports int or pointer arguments (string provided)
cgroupid() | 1:9-19: ERROR: cgroupid() requires one argument (0 provided)
cgroupid(1) | 1:18-19: ERROR: cgroupid() expects a string literal (int provided)
cgroupid("/nono") | 1:18-25: ERROR: Failed to look up cgroup id of '/nono'
inode() | 1:9-16: ERROR: inode() requires one argument (0 provided)
inode(1) | 1:15-16: ERROR: inode() expects a string literal (int provided)
inode("/nono") | 1:15-22: ERROR: Failed to look up inode number of '/nono'
cgroup_path() | 1:9-22: ERROR: cgroup_path() requires at least one argument (0 provided)
cgroup_path("a") | 1:21-24: ERROR: cgroup_path() only supports int arguments (string provided)
cgroup_path(1, 2) | 1:24-25: ERROR: cgroup_path() expects a string literal (int provided)
cgroup_path(1, "a", 3) | 1:9-31: ERROR: cgroup_path() takes up to 2 arguments (3 provided)
signal(1) | 1:9-18: ERROR: signal() is an unsafe function being used in safe mode
signal_thread(1) | 1:9-25: ERROR: signal_thread() is an unsafe function being used in safe mode
skboutput(1) | 1:9-21: ERROR: skboutput() requires 4 arguments (1 provided)
len() | 1:9-14: ERROR: len() requires one argument (0 provided)
len(1) | 1:13-14: ERROR: len() expects a map or stack to be provided
has_key() | 1:9-18: ERROR: has_key() requires 2 arguments (0 provided)
has_key(1, 2) | 1:17-18: ERROR: has_key() expects a map to be provided
@s = 1; has_key(@s, 1) | 1:25-27: ERROR: call to has_key expects a map with explicit keys (non-scalar map)
find(@m, 1) | 1:9-20: ERROR: find() requires 3 arguments (2 provided)
delete() | 1:9-17: ERROR: delete() requires at least one argument (0 provided)
delete(1) | 1:16-17: ERROR: delete() expects a map to be provided
delete(@x) | 1:16-18: ERROR: Undefined map: @x
@a = 1; @b = 1; delete(@a, @b) | 1:32-34: ERROR: call to delete expects a map with explicit keys (non-scalar map)
@a[1] = 1; @b[1] = 1; delete(@a[1], @b[1]) | 1:31-51: ERROR: delete() expects a map and a key, or one map element
is_scalar(1) | 1:19-20: ERROR: is_scalar() expects a map to be provided
is_err() | 1:9-17: ERROR: Call to is_err() has arguments that do not match any definition.
is_str() | 1:9-17: ERROR: is_str() requires one argument (0 provided)
is_str(1, 2) | 1:9-21: ERROR: is_str() requires one argument (2 provided)
is_ptr() | 1:9-17: ERROR: is_ptr() requires one argument (0 provided)
is_array() | 1:9-19: ERROR: is_array() requires one argument (0 provided)
is_integer() | 1:9-21: ERROR: is_integer() requires one argument (0 provided)
is_unsigned_integer() | 1:9-30: ERROR: is_unsigned_integer() requires one argument (0 provided)
is_literal() | 1:9-21: ERROR: is_literal() requires one argument (0 provided)
assert(1) | 1:9-18: ERROR: Call to assert() has arguments that do not match any definition.
fail() | 1:9-15: ERROR: fail() requires at least one argument (0 provided)
fail("no %d", 1) | 1:9-25: ERROR: no 1
container_of(1) | 1:9-24: ERROR: Call to container_of() has arguments that do not match any definition.
unwatch() | 1:9-18: ERROR: unwatch() requires one argument (0 provided)
unwatch("a") | 1:17-20: ERROR: unwatch() only supports int or pointer arguments (string provided)
nono() | 1:9-15: ERROR: Unknown function: 'nono'
kstack(0) | 1:9-18: ERROR: kstack() limit must be 1..1024 (0 provided)
kstack(1025) | 1:9-21: ERROR: kstack() limit must be 1..1024 (1025 provided)
kstack("a") | 1:16-19: ERROR: kstack() expects an int literal (string provided)
kstack(nono) | 1:16-20: ERROR: Unknown identifier: 'nono'
kstack(perf, 1, 2) | 1:9-27: ERROR: kstack() takes up to 2 arguments (3 provided)
kstack(1, perf) | 1:9-24: ERROR: kstack() takes the mode first, then the limit
kstack(build_id) | 1:9-25: ERROR: build_id stack mode is only for ustack
ustack(raw, comm) | 1:21-25: ERROR: ustack() expects an int literal (string provided)
ustack(nono, 3) | 1:16-20: ERROR: Invalid stack mode: nono
nsecs(nono) | 1:15-19: ERROR: Invalid timestamp mode: nono
nsecs(1) | 1:15-16: ERROR: Invalid timestamp mode: not a name
nsecs(boot, 1) | 1:9-23: ERROR: nsecs() takes up to one argument (2 provided)
pid(nono) | 1:13-17: ERROR: Invalid PID namespace mode: nono (expects: curr_ns or init)
tid(1) | 1:13-14: ERROR: Invalid PID namespace mode: not a name (expects: curr_ns or init)
comm("a") | 1:14-17: ERROR: comm() only supports int arguments (string provided)
ppid(1) | 1:14-15: ERROR: ppid() only supports struct task_struct * arguments (int provided)
pcomm("a") | 1:15-18: ERROR: pcomm() only supports struct task_struct * arguments (string provided)
leader_comm(1) | 1:21-22: ERROR: leader_comm() only supports struct task_struct * arguments (int provided)
leader_tid(1) | 1:20-21: ERROR: leader_tid() only supports struct task_struct * arguments (int provided)
count() | 1:9-16: ERROR: count() must be assigned directly to a map
count(1) | 1:9-17: ERROR: count() requires no arguments (1 provided)
@ = count(1) | 1:13-21: ERROR: count() requires no arguments (1 provided)
@ = sum() | 1:13-18: ERROR: sum() requires one argument (0 provided)
@ = sum("a") | 1:17-20: ERROR: sum() only supports int arguments (string provided)
@ = avg("a") | 1:17-20: ERROR: avg() only supports int arguments (string provided)
@ = min("a") | 1:17-20: ERROR: min() only supports int arguments (string provided)
@ = max((1, 2)) | 1:17-23: ERROR: max() only supports int arguments (tuple provided)
@ = stats("a") | 1:19-22: ERROR: stats() only supports int arguments (string provided)
@ = stats(1, 2) | 1:13-24: ERROR: stats() requires one argument (2 provided)
@ = hist() | 1:13-19: ERROR: hist() requires at least one argument (0 provided)
@ = hist("a") | 1:18-21: ERROR: hist() only supports int arguments (string provided)
@ = hist(1, 6) | 1:21-22: ERROR: hist: bits 6 must be 0..5
@ = hist(1, -1) | 1:21-23: ERROR: hist() expects a non-negative int literal (-1 provided)
$k = 1; @ = hist(1, $k) | 1:29-31: ERROR: hist() expects an int literal (int provided)
@ = lhist(1) | 1:13-21: ERROR: lhist() requires 4 arguments (1 provided)
@ = lhist("a", 0, 1, 1) | 1:19-22: ERROR: lhist() only supports int arguments (string provided)
@ = lhist(1, 0, 10, 0) | 1:13-31: ERROR: lhist() step must be >= 1 (0 provided)
@ = lhist(1, 10, 0, 1) | 1:13-31: ERROR: lhist() min must be less than max (provided min 10 and max 0)
@ = lhist(1, -1, 10, 1) | 1:22-24: ERROR: lhist() expects a non-negative int literal (-1 provided)
@ = lhist(1, 0, 100000, 1) | 1:13-35: ERROR: lhist() too many buckets, must be <= 1000 (would need 100000)
@ = lhist(1, 0, 10, comm) | 1:29-33: ERROR: lhist() expects an int literal (string provided)
@ = tseries(1, 2) | 1:13-26: ERROR: tseries() requires at least 3 arguments (2 provided)
@ = tseries("a", 1s, 2) | 1:21-24: ERROR: tseries() only supports int arguments (string provided)
@ = tseries(1, 0, 2) | 1:24-25: ERROR: tseries() interval_ns must be >= 1 (0 provided)
@ = tseries(1, 1s, 1000001) | 1:28-35: ERROR: tseries() num_intervals must be 1..1000000 (1000001 provided)
@ = tseries(1, 1s, 2, "nono") | 1:31-37: ERROR: Invalid tseries aggregation function: nono
@ = count(); @ = sum(1) | 1:26-32: ERROR: Type mismatch for @: trying to assign value of type 'sum_t' when map already has a type 'count_t'
@ = count(); @b = @ | 1:27-28: ERROR: Map value 'count_t' cannot be assigned from one map to another.
@ = hist(1, 1); @ = hist(1, 2) | 1:29-39: ERROR: Different bits in a single hist unsupported
@ = lhist(1, 0, 2, 1); @ = lhist(1, 0, 3, 1) | 1:36-53: ERROR: Different lhist bounds in a single map unsupported
@[stats(1)] = 1 | 1:11-19: ERROR: stats() must be assigned directly to a map
$a = count() | 1:14-21: ERROR: count() must be assigned directly to a map
print(count()) | 1:15-22: ERROR: count() must be assigned directly to a map
@ = stats(1); print((int64)@) | 1:29-37: ERROR: Cannot cast from "stats_t" to "int64"
@[ctx] = 1 | 1:11-14: ERROR: ctx can not be used with "begin" probes
getopt() | 1:9-17: ERROR: getopt() requires at least one argument (0 provided)
getopt(1) | 1:16-17: ERROR: getopt() expects a string literal (int provided)
getopt("a", comm) | 1:21-25: ERROR: getopt() expects a bool, int or string literal (string provided)
kfunc_exist() | 1:9-22: ERROR: kfunc_exist() requires one argument (0 provided)
kfunc_exist(1) | 1:21-22: ERROR: kfunc_exist() expects a string literal (int provided)
kfunc_allowed(comm) | 1:23-27: ERROR: kfunc_allowed() expects a string literal (string provided)
END
exit $fail
