# A process that runs already, its threads and children.
cat >napper <<'END'
while [ ! -e go ]; do sleep 0.02; done
i=0
while [ $i -lt 20 ]; do
	/bin/echo turn $i >>turns
	i=$((i + 1))
done
exit 5
END
sh napper & p=$!
skep -q -p $p -o out -e '
tracepoint:syscalls:sys_enter_wait4 /pid == '$p'/ { @waits = count(); }
interval:ms:100 { @t++; if (@t == 5) { system("touch go"); } }
end { clear(@t); }' --unsafe
wait $p; echo "status $?"
wc -l <turns
grep -c '^@waits: [0-9]' out
