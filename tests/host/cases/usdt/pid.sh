# A process that runs already: its probes, also those of a library, without naming the file. The
# semaphores count back when the tracer leaves.
# timeout: 30
# expect: traced
# expect: semaphores 0 0
# Copies, which nobody else runs or traces.
cp "$(command -v marks)" "$(dirname "$(command -v marks)")/libmarks.so" . && mkfifo hold || exit 2
./marks wait <hold &
exec 3>hold
wait-until "grep -q libmarks /proc/$!/maps"
skep -q -p $! -e 'usdt:guarded { @a = 1; } usdt::skep_lib:watched { @b = 1; }
	interval:ms:20 { if (@a && @b) { printf("traced\n"); exit(); } }
	end { clear(@a); clear(@b); }'
exec 3>&-
wait $!
