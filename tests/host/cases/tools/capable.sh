# requires: skep -l tracepoint:capability:cap_capable | grep -q cap_capable
# timeout: 30
# Where the kernel cannot be probed a tracepoint tells of it, all but the flags.
on-cue go work setuid 65534 & pid=$!
skep -q -c "cue go $pid" capable -xUp $pid >out || exit
cat out
sed -n 1p out | grep -qx 'TIME      UID    PID    TID    COMM             CAP  NAME                 AUDIT  INSETID' &&
	grep -qE "^[0-9:]{8}  0      $pid +$pid +work             7    CAP_SETUID           [1?]      [1?]\$" out &&
	grep -A 3 CAP_SETUID out | grep -qE '^        main\+0x[0-9a-f]+ \[work\]$' && ! grep -E ' skep +[0-9]+ ' out
