# What attach points say that cannot be: each message where it is, to the letter.
# timeout: 60
refuses() { # MESSAGE SCRIPT OPTION...
	message=$1 script=$2
	shift 2
	skep --dry-run "$@" -e "$script" 2>err
	status=$?
	[ $status = 1 ] && grep -qxF -- "$message" err || { echo "$script: $status"; cat err; exit 1; }
}
accepts() {
	skep --dry-run "$@" 2>err || { echo "$*"; cat err; exit 1; }
}
hint() {
	grep -qxF -- "HINT: $1" err || { echo "no hint: $1"; cat err; exit 1; }
}
nobody="Probe has no valid attach points. If this is expected, set the 'missing_probes' config variable to 'warn'."
# Types
refuses 'stdin:1:1-5: ERROR: Invalid probe type: asdf' 'asdf { }'
refuses 'stdin:1:1-3: ERROR: Invalid probe type: ' ':x { }'
refuses 'stdin:1:11-15: ERROR: Invalid probe type: K' 'begin { } K:sy { }'
refuses 'stdin:1:1-11: ERROR: Invalid probe type: *ware' '*ware:cpu* { }'
hint 'a wildcard stands for kprobe, tracepoint, rawtracepoint and fentry'
refuses 'stdin:1:1-7: ERROR: Invalid probe type: =begin' '=begin { }'
# Parts
refuses 'stdin:1:1-7: ERROR: kprobe probe type requires 1 or 2 arguments, found 0' 'kprobe { }'
refuses 'stdin:1:1-9: ERROR: kretprobe probe type requires 1 or 2 arguments, found 3' 'kr:a:b:c { }'
refuses 'stdin:1:1-10: ERROR: fentry probe type requires 1 to 3 arguments, found 4' 'f:a:b:c:d { }'
refuses 'stdin:1:1-9: ERROR: fexit probe type requires 1 to 3 arguments, found 0' 'kretfunc { }'
refuses 'stdin:1:1-8: ERROR: tracepoint probe type requires 2 arguments, found 3' 't:a:b:c { }'
refuses 'stdin:1:1-9: ERROR: rawtracepoint probe type requires 1 or 2 arguments, found 3' 'rt:a:b:c { }'
refuses 'stdin:1:1-10: ERROR: uprobe probe type requires 2 or 3 arguments, found 1' 'u:/bin/sh { }'
hint 'the file can be left out with -p'
refuses 'stdin:1:1-5: ERROR: usdt probe type requires 1 to 3 arguments, found 0' 'usdt { }'
refuses 'stdin:1:1-9: ERROR: software probe type requires 1 or 2 arguments, found 0' 'software { }'
refuses 'stdin:1:1-8: ERROR: hardware probe type requires 1 or 2 arguments, found 3' 'h:a:1:2 { }'
refuses 'stdin:1:1-9: ERROR: interval probe type requires 1 or 2 arguments, found 0' 'interval { }'
refuses 'stdin:1:1-10: ERROR: profile probe type requires 1 or 2 arguments, found 4' 'p:s:1:2:3 { }'
refuses 'stdin:1:1-8: ERROR: watchpoint probe type requires 3 arguments, found 1' 'w:0x100 { }'
refuses 'stdin:1:1-6: ERROR: end probe type requires 0 arguments, found 1' 'end:x { }'
refuses 'stdin:1:1-5: ERROR: self probe type requires 2 arguments, found 0' 'self { }'
refuses 'stdin:1:1-10: ERROR: bench probe type requires 1 arguments, found 2' 'bench:a:b { }'
# Kernel functions
refuses 'stdin:1:1-8: ERROR: Missing function name' 'kprobe: { }'
refuses 'stdin:1:1-12: ERROR: Missing module name' 'kprobe::f+1 { }'
refuses 'stdin:1:1-17: ERROR: Invalid offset: ' 'kprobe:vfs_read+ { }'
refuses 'stdin:1:1-19: ERROR: Invalid offset: -4' 'kprobe:vfs_read+-4 { }'
refuses 'stdin:1:1-16: ERROR: Offset not allowed' 'kr:vfs_read+0x4 { }'
refuses 'stdin:1:1-9: ERROR: Offset not allowed' 'k:vfs*+4 { }'
hint 'a wildcard stands for many functions'
refuses 'stdin:1:1-9: ERROR: Invalid address: 0x10fg' 'k:0x10fg { }' --unsafe
refuses 'stdin:1:1-14: ERROR: Probing by address requires --unsafe' 'kprobe:0xff80 { }'
refuses 'stdin:1:1-22: ERROR: specified module nomod in probe kprobe:nomod:vfs_read is not loaded.' 'kprobe:nomod:vfs_read { }'
refuses "stdin:1:1-22: ERROR: $nobody" 'kprobe:nomod:vfs_read { }'
refuses 'stdin:1:1-11: ERROR: No matches for kprobe nomod:v*.' 'k:nomod:v* { }'
refuses 'stdin:1:36-45: WARNING: specified module nomod in probe k:nomod:f is not loaded.' 'config = { missing_probes = warn } k:nomod:f { }'
# User functions
self=$(command -v target)
refuses "stdin:1:1-$((${#self} + 15)): ERROR: No matches for uprobe $self:nosuch." "uprobe:$self:nosuch { }"
refuses "stdin:1:1-$((${#self} + 15)): ERROR: $nobody" "uprobe:$self:nosuch { }"
refuses "stdin:1:1-$((${#self} + 19)): ERROR: No matches for uprobe $self:targt_step." "uprobe:$self:targt_step { }"
hint "did you mean uprobe:$self:target_step?"
refuses "stdin:1:1-$((${#self} + 13)): ERROR: Invalid address: 0xfg" "uprobe:$self:0xfg { }" --unsafe
refuses "stdin:1:1-$((${#self} + 12)): ERROR: Could not resolve address: $self:0xa" "uprobe:$self:0xa { }"
hint 'Use --unsafe to force attachment.'
refuses "stdin:1:1-$((${#self} + 16)): ERROR: Could not determine boundary for _init (symbol has size 0)." "uprobe:$self:_init+1 { }"
hint 'Use --unsafe to force attachment.'
refuses "stdin:1:1-$((${#self} + 14)): ERROR: x is not a supported language" "uprobe:$self:x:\"f\" { }"
hint 'there is uprobe:FILE:cpp:NAME'
refuses "stdin:1:1-$((${#self} + 23)): ERROR: Invalid offset: 1x" "uprobe:$self:target_step+1x { }"
refuses "stdin:1:1-$((${#self} + 18)): ERROR: Offset not allowed" "ur:$self:target_step+4 { }"
refuses 'stdin:1:1-14: ERROR: Cannot use wildcards with absolute address' 'u:/bin/*:0x10 { }'
refuses "stdin:1:1-19: ERROR: uprobe target file '/etc/passwd' does not exist or is not executable" 'u:/etc/passwd:main { }'
refuses "stdin:1:8-16: ERROR: syntax: unterminated string" 'uprobe:"/bin/sh'
# Times and counts
refuses 'stdin:1:1-12: ERROR: x is not an accepted unit of time' 'interval:1x { }'
hint 'units are hz, s, ms and us'
refuses 'stdin:1:1-14: ERROR: min is not an accepted unit of time' 'profile:min:1 { }'
refuses 'stdin:1:1-12: ERROR: profile frequency should be a positive integer' 'profile:hz: { }'
refuses 'stdin:1:1-15: ERROR: interval frequency should be a positive integer' 'interval:hz:-1 { }'
refuses 'stdin:1:1-14: ERROR: interval frequency should be a positive integer' 'interval:s:1s { }'
refuses 'stdin:1:1-13: ERROR: interval period of 999 ns is too short (at least 1000 ns)' 'interval:999 { }'
refuses 'stdin:1:1-14: ERROR: software probe type does not support wildcards' 'software:cpu* { }'
refuses 'stdin:1:1-11: ERROR: software count should be a positive integer' 's:faults:0 { }'
refuses 'stdin:1:1-18: ERROR: No matches for hardware nonsense.' 'hardware:nonsense { }'
refuses 'stdin:1:1-17: ERROR: No matches for software fault:1.' 'software:fault:1 { }'
hint 'did you mean software:faults?'
# The list between
refuses 'stdin:1:7-8: ERROR: syntax: expected an attach point' 'begin,,end { }'
refuses "stdin:1:7-10: ERROR: syntax: expected '{'" 'begin end { }'
refuses 'stdin:1:1-2: ERROR: syntax: expected a probe' ', { }'
# What is fine
accepts -e 'begin, end, { }'
accepts -e 'BEGIN { } Begin { } END { } INTERVAL:s:1 { }'
accepts -e 'a=begin,b=end { print(probe); }'
accepts -e 'interval:s:$1, interval:$2:1, interval:5s, profile:10ms, interval:us:1000 { }' 3 ms
accepts -e 'software:cpu: { } software:faults:7 { } software:dummy { }'
