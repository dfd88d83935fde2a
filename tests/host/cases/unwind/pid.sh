# timeout: 40
# -p has the tables at once; --dwarf-pid those of a process that a probe names itself; a process
# nobody named is noticed.
# expect: -p 4
# expect: --dwarf-pid 4
# expect: met 4
bare=$(command -v bare)
bare loop &
pid=$!
trap 'kill $pid' EXIT
wait-until "grep libbare /proc/$pid/maps"
probe='uprobe:'"$bare"':here'
say() { printf '%s ' "$1"; grep -cE '^        (here|libbare_call|main|_start)\+' out; }
timeout 20 skep -q --no-warnings -p $pid -e "$probe"' { printf("%s\n", dw_ustack); exit(); }' >out
say -p
timeout 20 skep -q --no-warnings --dwarf-pid $pid -e "$probe"' /pid == '$pid'/ { printf("%s\n", dw_ustack); exit(); }' >out
say --dwarf-pid
timeout 20 skep -q --no-warnings -e "$probe"' /pid == '$pid' && len(dw_ustack) > 4/ { printf("%s\n", dw_ustack); exit(); }' >out
say met
