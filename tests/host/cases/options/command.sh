# command(): the rest of the line is run as it is, its pid is cpid, and tracing ends with it.
cat >x.bt <<'END'
options = {
	on = flag("-x", "");
	run = command("-c, --exec CMD...", "run this and follow it");
}
tracepoint:sched:sched_process_exit /cpid && pid == cpid/ { printf("%s ended %d\n", comm, opt.on); }
END
skep -q x.bt -x -c sh -c 'echo "$1|$2" >said; exit 3' sh 'a  b' -x >out 2>err || { cat out err; exit 1; }
[ "$(cat said)" = 'a  b|-x' ] || { cat said; exit 1; }
grep -qx 'sh ended 1' out || { cat out err; exit 1; }
skep -q x.bt --exec=true >out 2>err || { cat out err; exit 1; }
grep -qx 'true ended 0' out || { cat out err; exit 1; }
# as the last positional
printf 'options = { c = command("CMD...", ""); } end { printf("%%d\\n", cpid > 0); } interval:s:30 { exit(); }' >y.bt
skep -q y.bt sh -c ': >"$1"' -h '--' >out || exit 1
[ "$(head -1 out)" = 1 ] && [ -e ./-- ] || { cat out; ls; exit 1; }
