# requires: command -v chain
# timeout: 90
# Five calls of my_malloc() from one place; 20 and more naps; by both engines.
run() { # OPTIONS...
	echo "== $*"
	skep --engine user -c 'chain alloc 7 5 2' stackcount "$@" >out 2>err || { cat out err; exit 1; }
	[ ! -s err ] || { cat err; exit 1; }
	cat out
}
run chain:my_malloc
printf '%s\n' 'Tracing 1 functions for "chain:my_malloc"... Hit Ctrl-C to end.' '' '  my_malloc' '  inner' '  middle' '  outer' '  run' '  main' >want
head -n 8 out | cmp - want && [ "$(tail -n 4 out | tr '\n' '|')" = '    5||Detaching...|' ] || [ "$(tail -n 3 out | tr '\n' '|')" = '    5||Detaching...|' ] || exit 1
run -Psv chain:my_malloc
grep -qE '^  [0-9a-f]{12} {4} inner\+0x[0-9a-f]+$' out && grep -qE '^    chain \[[0-9]+\]$' out || exit 1
run -r 'chain:^my_(malloc|free)$'
head -n 1 out | grep -q '^Tracing 2 functions' && [ "$(grep -E '^    [0-9]+$' out | tr -d '\n')" = '    2    5' ] || exit 1
run -f -U chain:inner
grep -qE '^chain;.*main;run;outer;middle;inner 5$' out && [ "$(wc -l <out)" -eq 1 ] || exit 1
skep flamegraph out | grep -q '<title>middle$' || exit 1
run -T --csv --debug chain:middle
grep -qE '^5,,middle;outer;run;main' out && grep -q '^// stackcount: ' out || exit 1
run -c 4095 chain:inner
grep -q inner$ out && exit 1
skep --engine user -c 'barechain alloc 7 5 2' stackcount --dwarf --json -P barechain:inner >out || exit
grep -qE '^\{"pid": [0-9]+, "comm": "barechain", "count": 5, "kernel": \[\], "user": \["inner", "middle", "outer", "run", "main", .*"_start"\]\}$' out || { cat out; exit 1; }

# With the kernel: one process of two, its stack there, too.
chain sleep 20 100000 &
one=$!
chain sleep 20 100000 &
two=$!
trap "kill $one $two 2>/dev/null" EXIT
skep stackcount -p $one -D 2 -d t:syscalls:sys_enter_clock_nanosleep >both &
a=$!
skep stackcount -p $two -i 1 -D 2 -K -T t:syscalls:sys_enter_clock_nanosleep >kernel &
b=$!
skep stackcount -p $two -D 2 -fd t:syscalls:sys_enter_clock_nanosleep >folded &
c=$!
skep stackcount -p $one -D 2 --json t:syscalls:sys_enter_clock_nanosleep >json &
d=$!
for p in $a $b $c $d; do wait $p || exit; done
kill $one $two
awk '/^  do_syscall_64$/ { on = 1 } on && $0 == "    --" { on = 2 } on == 2 && /^  outer$/ { on = 3 } on == 3 && /^    [0-9]+$/ { n = $1 }
	END { exit !(n > 3) }' both && ! grep -q '\[' both || { cat both; exit 1; }
grep -q '^  do_syscall_64$' kernel && ! grep -q outer kernel && [ "$(grep -cE '^[0-2][0-9]:[0-5][0-9]:[0-5][0-9] *$' kernel)" -ge 2 ] || { cat kernel; exit 1; }
grep -qE '^chain;.*main;run;outer;.*;-;.*do_syscall_64.* [0-9]+$' folded && [ "$(wc -l <folded)" -eq 1 ] || { cat folded; exit 1; }
grep -qE '^\{"pid": '$one', "comm": "chain", "count": [0-9]+, "kernel": \[".*"do_syscall_64".*"outer", "run", "main"' json || { cat json; exit 1; }
! skep stackcount -K -U x 2>err && grep -q 'exclude each other' err || exit 1
! skep stackcount -r 'c:(mal' 2>err && grep -q 'is no regular expression' err
