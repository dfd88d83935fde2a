# timeout: 60
# expect: all good
# Calls with known arguments: called(i, "even" or "odd", {-i, 7}), returning i * 100 + 7 or 6.
run() { # OPTIONS...
	skep -q --no-warnings -c 'work call 20' argdist "$@" >out 2>err || { cat out err; exit 1; }
	printf -- '--- %s\n' "$*"
	cat out
}
# The report behind its time is exactly the text on standard input.
same() {
	sed -n 1p out | grep -qx '\[[0-2][0-9]:[0-5][0-9]:[0-5][0-9]\]' || exit 1
	sed 1d out >got
	tr '~' '\t' | diff - got || exit 1
}
run -C 'p:work:called(int i, const char *name):int,char*:i % 3,name:i < 10'
same <<'END'
p:work:called(int i, const char *name):int,char*:i % 3,name:i < 10
~COUNT      EVENT
~1          i % 3 = 1, name = even
~1          i % 3 = 2, name = odd
~2          i % 3 = 0, name = even
~2          i % 3 = 0, name = odd
~2          i % 3 = 1, name = odd
~2          i % 3 = 2, name = even
END
run -H 'p:work:called(int i):int:i' -H 'r:work:called(int i):long:$retval:$entry(i) < 3 && $latency > 0#what returns' -v
grep -qx 'uretprobe:.*/work:called' out || exit 1
sed -i '/^\[/,$!d' out # behind the script
same <<'END'
p:work:called(int i):int:i
     i                   : count     distribution
         0 -> 1          : 2        |**********                              |
         2 -> 3          : 2        |**********                              |
         4 -> 7          : 4        |********************                    |
         8 -> 15         : 8        |****************************************|
        16 -> 31         : 4        |********************                    |
     what returns        : count     distribution
         0 -> 1          : 0        |                                        |
         2 -> 3          : 0        |                                        |
         4 -> 7          : 1        |****************************************|
         8 -> 15         : 0        |                                        |
        16 -> 31         : 0        |                                        |
        32 -> 63         : 0        |                                        |
        64 -> 127        : 1        |****************************************|
       128 -> 255        : 1        |****************************************|
END
run -z 3 -T 1 -I linux/mm.h -C 'r:work:called(int i, char *name):char*,int:$entry(name),$retval % 100:$entry(i) < 5' \
	-C 'p:work:called()#calls' -C 'p:work:called():int:$PID:STRCMP("sh", $COMM)'
same <<'END'
r:work:called(int i, char *name):char*,int:$entry(name),$retval % 100:$entry(i) < 5
~COUNT      EVENT
~3          $entry(name) = ev, $retval % 100 = 6
calls
~COUNT      EVENT
~20         total calls
p:work:called():int:$PID:STRCMP("sh", $COMM)
~COUNT      EVENT
END
run -C 'p:work:called(int i, void *p, struct pair *pair):int,unsigned char:pair->first,pair->second:pair->first < -18' -C 'r:work:called' -T 1
same <<'END'
p:work:called(int i, void *p, struct pair *pair):int,unsigned char:pair->first,pair->second:pair->first < -18
~COUNT      EVENT
~1          pair->first = -19, pair->second = 7
r:work:called
~COUNT      EVENT
~1          retval = 1907
END
run -C 'p:work:called()#one' 'p:work:called()#two' -T 1 -C 'p:work:called()#three'
[ "$(grep -cx 'one\|two\|three' out)" -eq 3 ] && [ "$(grep -c '20         total calls' out)" -eq 3 ] || exit 1
for filter in '-t 1' '-p 1'; do
	run $filter -C 'p:work:called()'
	[ "$(wc -l <out)" -eq 3 ] || exit 1
done
run --csv -C 'p:work:called(int a, char *b):char*:b' -C 'p:work:called()'
[ "$(sed -n 1p out)" = SPEC,COUNT,EVENT ] && [ "$(sed -n 4p out)" = 'p:work:called(),20,total calls' ] || exit 1
run --json -C 'p:work:called()' -H 'p:work:called(int i):int:i / 16'
sed -n 1p out | grep -qxF '{"spec": "p:work:called()", "count": 20, "event": "total calls"}' &&
	sed -n 2p out | grep -qF '"val_type": "i / 16", "spec": "p:work:called(int i):int:i / 16", "data": [{"interval-start": 0, "interval-end": 1, "count": 20}]' || exit 1
skep -q -c 'marks 3' argdist -C 't:syscalls:sys_exit_write():long:args->ret > 0' -H 'u:marks:operands():int:-arg1' >out || exit
cat out
grep -q '         2 -> 3          : 1' out || exit 1
skep -q argdist -p 1 -t 1 -C 'p:work:called()' 2>&1 | grep -q 'exclude each other' || exit 1
skep -q argdist -z 5000 -C 'p:work:called()' 2>&1 | grep -q 'option -z' || exit 1
skep -q -c 'sleep 9' argdist -d 1 -C 'p:work:called()#none' | grep -c '^\[' | grep -qx 1 || exit 1

# Reports go on without a command: four each, one of the two with all calls so far.
for how in '' -c; do
	skep -q argdist -i 1 -n 4 $how -C 'p:work:called(int i):int:i * 0:i >= 20' >all$how &
done
{ wait-until 'grep -q COUNT all && grep -q COUNT all-c' && work call 30; } &
wait
cat all all-c
for f in all all-c; do [ "$(grep -c '^\[' $f)" -eq 4 ] || exit 1; done
[ "$(grep -c ' i \* 0 = 0$' all)" -eq 1 ] && grep -q '	10         i \* 0 = 0$' all || exit 1
tail -n 1 all-c | grep -q '	10         i \* 0 = 0$' && [ "$(grep -c '	10         i' all-c)" -gt 1 ] || exit 1
echo all good
