# timeout: 120
tool=/tools/gethostlatency.bt
skep -q -c 'work resolve 127.0.0.9 3' $tool >out || exit
cat out
grep -qxF 'TIME      PID     COMM                  LATms HOST' out || exit 1
[ "$(grep -cE '^[0-9:]{8}  [0-9]+ +work +[0-9]+\.[0-9]{2} 127\.0\.0\.9$' out)" -eq 3 ] || exit 1

on-cue go work resolve 127.0.0.8 2 & pid=$!
echo "work resolve 127.0.0.7 1; cue go $pid" >l.sh
skep -q -c 'sh l.sh' $tool --csv -p $pid >out || exit
cat out
[ "$(head -n 1 out)" = TIME,PID,COMM,LATms,HOST ] && [ "$(wc -l <out)" -eq 3 ] &&
	[ "$(grep -cE "^[0-9:]{8},$pid,work,[0-9.]+,127\.0\.0\.8$" out)" -eq 2 ] || exit 1

# The same without the kernel's BPF.
skep -q --engine user -c 'work resolve 127.0.0.9 2' $tool >out || exit
cat out
[ "$(grep -cE '^[0-9:]{8}  [0-9]+ +work +[0-9]+\.[0-9]{2} 127\.0\.0\.9$' out)" -eq 2 ]
