# A compiled script has the options that it was compiled with.
cat >x.bt <<'END'
options = { n = int("-n N", "", 1); on = flag("-x", ""); }
begin { print((opt.n, opt.on, given(opt.n))); exit(); }
begin /!opt.on/ { printf("off\n"); }
END
skep --aot x x.bt -x -n 5 || exit 1
./x -q >out || exit 1
grep -qxF '(5, true, true)' out || { cat out; exit 1; }
grep -q off out && exit 1
for o in '-n 6' '--nonsense' 6 '-- --n=6'; do
	./x $o >out 2>err && { echo "accepted: $o"; exit 1; }
	grep -qxF 'HINT: the options of this script were read when it was compiled' err || { echo "$o"; cat err; exit 1; }
done
# others do not say so
skep --aot y -e 'begin { exit(); }' || exit 1
./y 6 2>err && exit 1
grep -q HINT err && exit 1
exit 0
