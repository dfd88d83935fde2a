# expect: all
# A tool of one's own is run, by the first word and through a link, with its arguments.
mkdir own bin && export SKEP_TOOLS=$PWD/own
echo hello >file
cat >own/opened.bt <<'END'
// opened: is $1 opened?
tracepoint:syscalls:sys_enter_openat
/pid == cpid && str(args.filename) == str($1)/
{
	printf("opened %s\n", str($2));
}
END
skep -c "cat $PWD/file" opened "$PWD/file" yes >out 2>err || { cat err; exit 1; }
grep -qx 'opened yes' out || { cat out err; exit 1; }
skep tools --links bin >/dev/null || exit
bin/opened -c "cat $PWD/file" "$PWD/file" link >out 2>err || { cat err; exit 1; }
grep -qx 'opened link' out || { cat out err; exit 1; }
echo 'no_such:probe { }' >>own/opened.bt
PATH=$PWD/bin:$PATH opened x 2>err && exit 1
grep -q "^$PWD/own/opened.bt:7:1-14: ERROR: Invalid probe type: no_such$" err || { cat err; exit 1; }
# One that came with skep.
skep -q opensnoop --exec cat "$PWD/file" >out 2>err || { cat out err; exit 1; }
grep -q "cat .* $PWD/file$" out || { cat out err; exit 1; }
bin/opensnoop -x --exec cat "$PWD/file" >out 2>err || { cat out err; exit 1; }
grep -q "cat .* $PWD/file$" out && { cat out err; exit 1; }
echo all
