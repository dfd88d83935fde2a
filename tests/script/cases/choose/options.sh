# expect: all
# What the options block says decides, by value and by whether it was given.
cat >a.bt <<'END'
options = {
	n = int("-n, --number N", "a number", 3);
	kind = choice("-k, --kind one|two", "which", "one");
	deep = flag("-d, --deep", "more of it");
	file = text("-f, --file FILE", "a program", "/no/such/file");
	names = texts("-s, --name NAME", "functions");
}
if (opt.deep && opt.kind == "two") {
	interval:s:{opt.n} { print("deep two"); }
} else if (given(opt.n) && opt.n > 5) {
	begin { print("many"); }
} else if (probe_exists("uprobe:{opt.file}:malloc") || probe_exists("uprobe:/no/such:{opt.names}")) {
	uprobe:{opt.file}:malloc { }
} else {
	if (!given(opt.n)) {
		end { print("nothing"); }
	}
	begin { printf("%d\n", opt.n); }
}
END
as() {
	want=$1
	shift
	skep -d ast --mode codegen a.bt "$@" >out 2>err || { cat err; exit 1; }
	got=$(grep '^probe' out | tr '\n' ' ')
	[ "$got" = "$want " ] || { echo "$got: $*"; exit 1; }
}
as 'probe interval:s:3' -d -k two
as 'probe interval:s:7' -d -k two -n 7
as 'probe begin' -n 7
as 'probe begin' -n 3
as 'probe end probe begin' -d --name x
as 'probe uprobe:libc:malloc' -f libc
[ "$(skep -l a.bt -d -k two -n 4)" = interval:s:4 ] || exit
# An option that is not there, in a branch that is not taken as well.
sed 's/opt\.n} {/opt.no} {/' a.bt >b.bt
skep --mode codegen b.bt 2>err && exit 1
grep -q "^b.bt:9:2-21: ERROR: There is no option 'no'$" err || { cat err; exit 1; }
sed 's/{opt.names}/{opt.nams}/' a.bt >c.bt
skep --mode codegen c.bt 2>err && exit 1
grep -q "^c.bt:12:69-97: ERROR: There is no option 'nams'$" err || { cat err; exit 1; }
skep --mode codegen -e 'begin { } if (true) { options = { n = int("-n N", "x", 1); } }' 2>err && exit 1
grep -q "^stdin:1:23-30: ERROR: syntax: an options block cannot stand in a branch of 'if'$" err || { cat err; exit 1; }
echo all
