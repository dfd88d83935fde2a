# Signals by name in any case, with SIG or without, and by number, to the process and to the thread.
# expect: first
# expect: second
# expect: third
# expect: end
cat >command <<'END'
trap 'echo first' USR1
trap 'echo second' USR2
trap 'echo third' URG
cd /
cd /tmp
cd /usr
echo end
END
skep --unsafe -q -c "sh $PWD/command" -e '
tracepoint:syscalls:sys_enter_chdir /pid == cpid/ {
	@n++;
	if (@n == 1) { signal("SigUsr1"); } else if (@n == 2) { signal_thread("usr2"); } else { signal(23); }
}'
