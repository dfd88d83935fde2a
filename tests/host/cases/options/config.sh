# requires: command -v chain
# Configuration from options; a command in one argument; samples so often a second; libraries by what
# the linker calls them.
cat >x.bt <<'END'
options = {
	list = texts("-a X", "");
	size = int("-n N", "", 100);
	text = text("-t X", "", "GPL");
	yes = flag("-y", "");
}
config = { max_stacks = opt.size; license = opt.text; use_blazesym = opt.yes }
end { printf("%d %s %d\n", config.max_stacks, config.license, config.use_blazesym); }
END
is() {
	want=$1
	shift
	skep -q "$@" >out 2>&1
	grep -qxF -- "$want" out || { echo "$*: no '$want'"; cat out; exit 1; }
}
is '100 GPL 0' x.bt
is '5 GPL v2 1' x.bt -n 5 -t 'GPL v2' -y
is 'x.bt:7:12-33: ERROR: max_stacks must be 1..4294967295 (0 provided)' x.bt -n 0
is 'x.bt:7:35-53: ERROR: Invalid value for license: valid values are GPL, GPL v2, GPL and additional rights, Dual BSD/GPL, Dual MIT/GPL, and Dual MPL/GPL.' x.bt -t mine
sed -i 's/opt.size/opt.list/' x.bt
is 'x.bt:7:12-33: ERROR: opt.list is a list' x.bt
sed -i 's/opt.list/opt.sise/' x.bt
is 'HINT: Did you mean '"'size'?" x.bt
is "stdin:1:12-30: ERROR: There is no option 'n': the script has no options block" -e 'config = { max_stacks = opt.n } begin { exit(); }'

cat >y.bt <<'END'
options = { run = command("-c, --command COMMAND", ""); n = int("-n N", ""); }
tracepoint:sched:sched_process_exec /pid == cpid/ { printf("%s %d\n", comm, opt.n); }
END
is 'sh 3' y.bt -c 'sh -c :' -n 3
is 'sh 4' y.bt -n4 '--command=sh  -c :'
is 'ERROR: -c/--command: a command is expected' y.bt -c ' '

is 'sampled' -e 'software:cpu-clock:hz:97 { @ = 1; } host end { printf("%s\n", @ ? "sampled" : "no"); } interval:s:20 { exit(); } tracepoint:sched:sched_process_exit /pid == cpid/ { exit(); }' -c 'chain burn 300'
is '@: 1' --engine user -c 'sleep 20' -e 'software:task-clock:hz:97 { } begin { @ = count(); exit(); }'
is 'stdin:1:1-22: ERROR: software frequency should be a positive integer' -e 'software:cpu:hz:every { }'
is 'stdin:1:1-16: ERROR: software frequency should be a positive integer' -e 'software:cpu:hz { }'
is 'stdin:1:1-20: ERROR: hardware probe type requires 1 or 2 arguments, found 3' -e 'hardware:cycles:1:2 { }'
# Here or not: what exists can be attached.
is 'fine' -e 'if (probe_exists("hardware:cpu-cycles:hz:97")) { hardware:cpu-cycles:hz:97 { } }
	begin { printf("fine\n"); exit(); }'
is 'probe 1' -c true -e 'uprobe:c:exit { } begin { printf("probe %d\n", probe_exists("uprobe:c:malloc")); exit(); }'
is 'stdin:1:1-21: ERROR: uprobe target file '"'nosuch'"' does not exist or is not executable' -e 'uprobe:nosuch:malloc { }'
# A process as -p has it, for all that follows it.
cat >z.bt <<'END'
options = { pid = process("-p, --pid PID", ""); }
uprobe:libc:getpid { printf("%d\n", pid == opt.pid); }
end { printf("end %d\n", opt.pid); }
END
is 'end 0' -c true z.bt
is "ERROR: -p/--pid: 'x' is not a number" z.bt -p x
is 'ERROR: -p/--pid: there is no process 99999999' z.bt -p 99999999
is 'ERROR: Cannot use -c or -p with a script that follows a process itself' -c true z.bt -p $$
sleep 1 &
is "end $!" z.bt -p $!
