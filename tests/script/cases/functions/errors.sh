# What is wrong with a call is said in the words of the manual, at the place. One script a line:
# the options and statements of `begin` (or whole probes), then the first line of the message.
fail=0

check() { # WHERE-THE-TABLE-STANDS
	while IFS='|' read -r script want; do
		script=${script% } want=${want# }
		case $script in
		'' | '#'*) continue ;;
		*'{'*) text=$script ;;
		*) text="begin { $script; }" ;;
		esac
		got=$(skep $1 --dry-run -e "$text" 2>&1 | sed -n 's/^stdin:[0-9:-]*: \(ERROR: .*\)/\1/p' |
			head -n 1)
		[ "$got" = "ERROR: $want" ] && continue
		echo "$text"
		echo "	says: $got"
		echo "	want: ERROR: $want"
		fail=1
	done
}

check "" <<'END'
find(@m, 1) | find() requires 3 arguments (2 provided)
@m[1] = 1; find(@m, 1, 2) | find() expects a variable as its third argument
@m = 1; find(@m, 1, $v) | call to find expects a map with explicit keys (non-scalar map)
find(1, 1, $v) | find() expects a map to be provided
@m[1] = hist(1); find(@m, 1, $v) | Map value 'hist_t' cannot be assigned from a map to a scratch variable.
$v = "s"; @m[1] = 1; find(@m, 1, $v) | Type mismatch for $v: trying to assign value of type 'int8' when variable already has a type 'string[2]'
@m[1] = 1; find(@m, "a", $v) | Argument mismatch for @m: trying to access with arguments: 'string[2]' when map expects arguments: 'int8'
is_scalar() | is_scalar() requires one argument (0 provided)
is_scalar(1) | is_scalar() expects a map to be provided
is_scalar(@x) | Undefined map: @x
@m = 1; has_key(@m, 1) | call to has_key expects a map with explicit keys (non-scalar map)
@m[1] = 1; delete(@m, 1, 2) | delete() takes up to 2 arguments (3 provided)
delete(1) | delete() expects a map to be provided
len(1) | len() expects a map or stack to be provided
len() | len() requires one argument (0 provided)
@s = 1; len(@s) | call to len expects a map with explicit keys (non-scalar map)
strlen(1) | strlen() only supports string arguments (int provided)
strcap(1) | strcap() only supports string arguments (int provided)
strcap() | strcap() requires one argument (0 provided)
strstr("a") | strstr() requires 2 arguments (1 provided)
strstr(1, "a") | strstr() only supports string arguments (int provided)
strstr("a", 1) | strstr() only supports string arguments (int provided)
strcontains("a", 1) | strcontains() only supports string arguments (int provided)
str_concat("a") | str_concat() requires 2 arguments (1 provided)
str_concat(1, "a") | str_concat() only supports string arguments (int provided)
memcmp("a", "b") | memcmp() requires 3 arguments (2 provided)
memcmp("a", "b", 3) | memcmp() cannot compare 3 bytes of string[2] (at most 2)
$n = 2; memcmp("a", "b", $n) | memcmp() expects an int literal (int provided)
signal_name() | signal_name() requires one argument (0 provided)
signal_name("a") | signal_name() only supports int arguments (string provided)
syscall_name() | syscall_name() requires one argument (0 provided)
syscall_name("a") | syscall_name() only supports int arguments (string provided)
signal_thread(9) | signal_thread() is an unsafe function being used in safe mode
comm("a") | comm() only supports int arguments (string provided)
comm(1, 2) | comm() takes up to one argument (2 provided)
ppid(1) | ppid() only supports struct task_struct * arguments (int provided)
pcomm("a") | pcomm() only supports struct task_struct * arguments (string provided)
leader_comm(1, 2) | leader_comm() takes up to one argument (2 provided)
leader_tid((int32 *)1) | leader_tid() only supports struct task_struct * arguments (int32 * provided)
pid(3) | Invalid PID namespace mode: not a name (expects: curr_ns or init)
tid(other) | Invalid PID namespace mode: other (expects: curr_ns or init)
nsecs(x) | Invalid timestamp mode: x
cpu(1) | cpu() requires no arguments (1 provided)
END

check --unsafe <<'END'
signal_thread(9) | signal_thread can not be used with "begin" probes
signal(9) | signal can not be used with "begin" probes
profile:hz:9 { signal_thread(65); } | signal 65 is not in range [1, 64]
profile:hz:9 { signal_thread(0); } | signal 0 is not in range [1, 64]
profile:hz:9 { signal_thread("NO"); } | NO is not a valid signal
profile:hz:9 { signal_thread(comm); } | signal_thread() only accepts string literals or integers (string provided)
END
exit $fail
