# What only a verifier sees is told at the call, with what would help: null that may come in, an object
# that is not given back, a section that is not ended, a pointer that has been in a map.
grep -q bpf_task_from_pid /proc/kallsyms || { echo "this kernel has no bpf_task_from_pid"; exit 77; }
fail=0
check() { # PLACE HINT SCRIPT
	skep --dry-run -e "$3" 2>err && { echo "accepted: $3"; fail=1; }
	grep -q "^stdin:$1: ERROR: The kernel's verifier refused this: " err && grep -qxF "HINT: $2" err && return
	echo "$3"
	cat err
	fail=1
}
null='compare the pointer with 0 and use it only where it is not'
check 1:43-63 "$null" 'interval:s:1 { $t = bpf_task_from_pid(1); bpf_task_release($t); }'
check 1:53-59 'give it back on every path that leads here' \
	'interval:s:1 { $t = bpf_task_from_pid(1); if ($t) { exit(); } }'
check 1:16-35 'end the section before this on every path' 'interval:s:1 { bpf_rcu_read_lock(); }'
check 1:52-72 'pass what the helper expects' \
	'interval:s:1 { $t = bpf_task_from_pid(1); @x = $t; bpf_task_release(@x); }'
check 1:16-54 "$null" 'interval:s:1 { bpf_task_release(bpf_task_from_pid(1)); }'
exit $fail
