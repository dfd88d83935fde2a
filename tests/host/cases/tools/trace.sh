# timeout: 60
# expect: all good
# Calls with known arguments: called(i, "even" or "odd", {-i, 7}), returning i * 100 + 7 or 6.
run() { # OPTIONS AND PROBES...
	skep -q --no-warnings -c 'work call 6' trace "$@" >out 2>err || { cat out err; exit 1; }
	printf -- "--- %s\n" "$*"
	sed 's/[0-9][0-9]*  *[0-9][0-9]*  *work  /P T work  /' out
}
same() { # LINES
	sed 's/^[0-9][0-9]*  *[0-9][0-9]*  *work  */work /' out | sed 1d >got
	printf "$1" | cmp -s - got || { cat got; exit 1; }
}
header() { # TEXT
	[ "$(sed -n 1p out)" = "$1" ] || exit 1
}
plain='PID     TID     COMM            FUNC             '
run 'work:called'
header "$plain"
same "$(printf 'work called           \\n%.0s' 1 2 3 4 5 6)"
run 'p:work:called(int i, const char *name, struct pair *p) (i >= 2 && p->second == 7) "%d%% %s %d %c", i, name, p->first, name[0]'
header "$plain-"
same 'work called           2%% even -2 e\nwork called           3%% odd -3 o\nwork called           4%% even -4 e\nwork called           5%% odd -5 o\n'
run 'r:work:called (retval > 300) "%ld %x", retval, (int)retval' 'work:called (arg1 == 5) "%lu %s", arg1, arg2'
same 'work called           307 133\nwork called           406 196\nwork called           5 odd\nwork called           507 1fb\n' ||
	exit 1
run 'work:called (STRCMP("ev", arg2) && arg1 != '"'\\0'"') "%hd %K|%U", arg1, 0, arg1' -M 1
same 'work called           2 0x0|0x2\n'
run -B 'work:called (STRCMP("odd\x00", arg2)) "%d", arg1' -M 2
same 'work called           1\nwork called           3\n'
run -Z 3 -f ev 'work:called "%s", arg2'
same 'work called           ev\nwork called           ev\nwork called           ev\n'
run -n nobody 'work:called "%s", arg2'
same ''
run --uid 4711 'work:called' -p 1
same ''
run -L 1 work:called
same ''
run --uid 0 -b 16 -s a.out -I linux/mm.h -S -M 2 'work:called' -v
sed -n 2,6p out | grep -qx 'uprobe:.*/work:called' || exit 1
[ "$(grep -c '  work  .* called  ' out)" -eq 2 ] || exit 1
run -A -M 100 'work:called (arg1 < 5) "%s", arg2'
sed -n '2p;3p' out | sed 's/^[0-9 ]*//' >got
printf 'work            called           even-->COUNT 3\nwork            called           odd-->COUNT 2\n' | cmp - got || exit 1
run -T -C 'work:called "%s", arg2' -M 1
header "TIME     CPU ${plain}-"
sed -n 2p out | grep -qE '^[0-2][0-9]:[0-5][0-9]:[0-5][0-9] [0-9]+ +[0-9]+ +[0-9]+ +work            called           even$' || exit 1
run -t work:called
sed -n 2p out | grep -qE '^[0-9]\.[0-9]{6} [0-9]' || exit 1
run -tu work:called
sed -n 2p out | grep -qE '^1[0-9]{9}\.[0-9]{6} [0-9]' || exit 1
run -U -M 1 work:called
[ "$(sed -n 3p out)" = '        called+0x0 [work]' ] && sed -n 4p out | grep -qE '^        main\+0x[0-9a-f]+ \[work\]$' &&
	[ -z "$(sed -n '$p' out)" ] || exit 1
run -U -a -M 1 work:called
sed -n 3p out | grep -qE '^        0x[0-9a-f]{16} called\+0x0 \[work\]$' || exit 1
run --json -U -M 1 'work:called "%s", arg2'
grep -qE '^\{"pid": [0-9]+, "tid": [0-9]+, "comm": "work", "func": "called", "msg": "even", "ustack": "called\+0x0 \[work\];main' out || exit 1
run --csv -M 1 'work:called "%s, \"%d\"", arg2, arg1'
[ "$(sed -n 1p out)" = PID,TID,COMM,FUNC,MSG ] && grep -qE '^[0-9]+,[0-9]+,work,called,"even, ""0"""$' out || exit 1
# System calls and USDT.
skep -q -c 'work open /etc/passwd 2' trace 't:syscalls:sys_enter_openat (STRCMP("/etc/pass", args->filename)) "%s %d", args->filename, args->dfd' >out
cat out
[ "$(grep -c ' sys_enter_openat /etc/passwd -100$' out)" -eq 2 ] || exit 1
skep -q -c 'marks 2' trace 'u:marks:skep_test:operands ((int)arg1 < 1) "%d %s %lld", arg1, arg5, arg4' 'u:marks:memory' >out
cat out
grep -q ' operands         -1 .* -5000000001$' out && [ "$(grep -c ' memory  ' out)" -eq 2 ] || exit 1
run 'r:work:cal*d "%ld", retval' -M 1
sed -n 2p out | grep -qE ' work            called           6$' || exit 1
# What does not go together.
for wrong in '-u' '-A' '-Z 2000' '-Z 0' '-p 1 -L 1'; do
	skep -q trace $wrong work:called 2>err && exit 1
	grep -q "option -[uAZ]\|exclude each other" err || exit 1
done
skep -q --aot t trace -M 2 'work:called "%d %s", arg1, arg2' && ./t -c 'work call 6' >out || exit 1
cat out
grep -q ' called           1 odd$' out && [ "$(wc -l <out)" -eq 3 ] || exit 1
echo all good
