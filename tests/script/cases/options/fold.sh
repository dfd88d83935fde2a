# What hangs on options that were not given is not there: probes, maps, branches, even if they
# could not be attached or typed.
cat >x.bt <<'END'
options = {
	pid   = int("-p, --pid PID", "this process only");
	ports = ints("-P, --port LIST", "these ports", "80,443");
	off   = flag("-x", "what is off");
	todo  = texts("[PROBE...]", "what to trace");
}
begin /(!given(opt.pid) || pid == opt.pid) && contains(opt.ports, 443)/ {
	if (opt.off) {
		@branch = 1;
	}
	print(@kept);
}
kprobe:nonexisting /given(opt.pid)/ {
	@gone[arg0] = count();
	@kept[comm] = hist(arg0);
}
begin /pid == 1 && opt.off/ { @gone["x"] = nonsense; }
{opt.todo} { @gone[1] = args.x; }
END
skep -q --dry-run --engine user -c /bin/true -d types,bpf x.bt >out 2>err || { cat out err; exit 1; }
[ -s err ] && { cat err; exit 1; }
grep -qxF '    int true : bool' out || { echo 'the predicate is not folded'; cat out; exit 1; }
[ "$(grep -c '^; program' out)" = 1 ] || { echo 'more than one program'; cat out; exit 1; }
grep -qxF 'map @kept key string[16] value hist_t' out || { echo 'its type got lost'; cat out; exit 1; }
# nothing is left: as with any script that has nothing to attach
skep -e 'options = { x = flag("-x", "x"); } kprobe:nonexisting /opt.x/ { }' >out 2>err && exit 1
[ "$(cat out)" = 'No probes to attach' ] && [ ! -s err ] || { cat out err; exit 1; }
# short cuts do not drop what happens on the way
skep -q --engine user -c /bin/true -e 'begin { @a[1] = 1; if (delete(@a, 1) && 0) { print("yes"); }
	print(len(@a)); print(0 && 1/0); print(1 || 1/0); print(0 || 3); exit(); }' >out || exit 1
printf '%s\n' 0 false true true >want; head -4 out | cmp - want || { cat out; exit 1; }
