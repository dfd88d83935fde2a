# Colors: red errors and yellow warnings, of the compiler and at run time; by itself only where both
# streams are terminals; never in what the script prints.
esc=$(printf '\033')
bad='begin { print(@q); }'
warn='begin { @m[1] = 1; delete(@m, 2); warnf("w"); errorf("e"); printf("text\n"); $x = 1; $x; }'
BPFTRACE_COLOR=always skep -e "$bad" >out 2>err
[ "$(head -n 1 err)" = "$esc[31mstdin:1:15-17: ERROR: Undefined map: @q$esc[0m" ] || { cat -v err; exit 1; }
BPFTRACE_COLOR=always skep -q -e "$warn" >out 2>err || exit
[ "$(grep -v "$esc" out | head -n 1)" = text ] || { cat -v out; exit 1; }
grep "$esc" err | sed "s/$esc/E/g" | diff - /dev/fd/3 3<<'END' || exit
E[33mstdin:1:86-88: WARNING: Return value discarded.E[0m
E[33mstdin:1:27-29: WARNING: Can't delete map element because it does not exist.E[0m
E[33mstdin:1:35-45: WARNING: wE[0m
E[31mstdin:1:47-58: ERROR: eE[0m
END
for how in auto never ''; do
	BPFTRACE_COLOR=$how skep -q -e "$warn" >out 2>err || exit
	grep "$esc" out err && exit 1
	skep -e "$bad" 2>&1 | grep "$esc" && exit 1
done
BPFTRACE_COLOR=red skep -q -e "$bad" 2>&1 | grep -qxF 'ERROR: Invalid value for BPFTRACE_COLOR: valid values are auto, always, and never.' || exit
# a terminal for both, for one
command -v script >/dev/null || exit 0
export SHELL=/bin/sh
script -qec "skep -e '$bad'" /dev/null </dev/null | grep -q "$esc" || { echo no color on a terminal; exit 1; }
script -qec "skep -e '$bad' 2>err" /dev/null </dev/null | grep -q "$esc" && exit 1
grep "$esc" err && exit 1
script -qec "skep -e '$bad' >out" /dev/null </dev/null | grep "$esc" && exit 1
script -qec "BPFTRACE_COLOR=never skep -e '$bad'" /dev/null </dev/null | grep "$esc" && exit 1
exit 0
