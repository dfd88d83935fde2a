# timeout: 60
# 33 datagrams of one process, with the stacks that lead to a function of the kernel and to one of a program.
skep stackcount -Pd udp_sendmsg >kernel &
one=$!
skep stackcount -p 1 --csv 'udp_send*' >other &
two=$!
skep stackcount -vsKr '^udp_(send|recv)msg$' >both &
three=$!
skep stackcount -i 1000 -c 77 udp_sendmsg >nowhere &
four=$!
for f in kernel both nowhere other; do
	until grep -qs '^Tracing [0-9]* functions\|^PID' $f; do sleep 0.1; done
done
skep -c 'work udp 7115 10 33' stackcount -f -U work:do_udp >user || exit
kill -INT $one $two $three $four
for p in $one $two $three $four; do wait $p || exit; done
skep -c 'work udp 7115 10 33' stackcount --json t:net:net_dev_queue >trace || exit
head -n 1 kernel | grep -qx 'Tracing 1 functions for "udp_sendmsg"... Hit Ctrl-C to end.' || exit 1
awk '/^  udp_sendmsg$/ { on = 1 } on && /^  __x64_sys_sendto$/ { on = 2 } on == 2 && $0 == "    --" { on = 3 }
	on == 3 && /^  main$/ { on = 4 } on == 4 && /^    work \[[0-9]+\]$/ { on = 5 } on == 5 && /^    33$/ { n++ }
	END { exit n != 1 }' kernel || { cat kernel; exit 1; }
[ "$(tail -n 1 kernel)" = Detaching... ] || exit 1
grep -q 'udp' other && { cat other; exit 1; }
[ "$(grep -cE '^  ffff[0-9a-f]{12} udp_sendmsg\+0x[0-9a-f]$' both)" -ge 1 ] && [ "$(grep -cx '    33' both)" -eq 2 ] && ! grep -q main both || { cat both; exit 1; }
grep -q 'udp_sendmsg$' nowhere && { cat nowhere; exit 1; }
grep -qE '^\{"count": 33, "kernel": \["[a-z_].*"udp_sendmsg", .*\], "user": \[.*"main"' trace || { cat trace; exit 1; }
grep -qE '^work;.*do_udp 1$' user || { cat user; exit 1; }
