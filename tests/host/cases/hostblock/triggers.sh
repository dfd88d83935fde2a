# timeout: 30
# expect: begin
# expect: 3 ticks
# expect: end
# expect: exit 7
# expect: signal
# expect: reported once
# Rows come before the interval that follows them; exit() ends the waiting, not the end.
skep -e 'host begin { print("begin"); } host interval:ms:20 { if (++@n == 3) { exit(7); } }
host end { printf("%d ticks\nend\n", @n); }'
echo "exit $?"
skep -e 'host signal:SIGUSR1 { print("signal"); exit(); } host begin { print("ready"); }' >out &
until grep -qs ready out; do sleep 0.05; done
kill -USR1 $!
wait $!
grep signal out
skep -e 'interval:ms:50 { exit() } host report { @r++; } host end { printf("%s\n", @r == 1 ? "reported once" : @r); }'
