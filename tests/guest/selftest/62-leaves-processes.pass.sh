# The second one is in no process group that a runner would think of.
sleep 4321 &
(setsid sleep 4321 </dev/null >/dev/null 2>&1 &)
exit 0
