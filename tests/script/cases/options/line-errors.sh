# timeout: 60
# What the reader of a script's command line refuses: plain messages, status 1.
cat >tool.bt <<'END'
options = {
	on     = flag("-x, --extra", "");
	level  = count("-v, --verbose", "");
	pid    = int("-p, --pid PID", "");
	tid    = int("-t, --tid TID", "");
	min    = decimal("-m, --min MS", "", "", 1000000);
	sort   = choice("-s, --sort all|reads|writes", "", "all");
	re     = regex("-l, --line RE", "");
	uid    = user("-u, --uid USER", "");
	err    = errno("-e, --errno E", "");
	sigs   = signals("-S, --signal LIST", "");
	ports  = ints("-P LIST", "");
	disk   = disk("-d, --disk DISK", "");
	exec   = command("--exec CMD...", "");
	file   = text("FILE", "");
	count  = int("[count]", "");
	exclusive(pid, tid);
}
begin { }
END
refuses() {
	text=$1
	shift
	skep --mode codegen tool.bt "$@" >out 2>err && { echo "accepted: $*"; exit 1; }
	printf 'ERROR: %s\nHINT: tool -h explains the options\n' "$text" | cmp -s - err ||
		{ echo "expected $text: $*"; cat err; exit 1; }
	[ ! -s out ] || exit 1
}
refuses 'Unknown option: -y' f -y
refuses 'Unknown option: -y' f -xyv
refuses 'Unknown option: --nonsense' f --nonsense
refuses 'Unknown option: --vrebose (did you mean --verbose?)' f --vrebose
refuses 'Unknown option: --pids (did you mean --pid?)' f --pids=5
refuses 'Option --e is ambiguous: --extra, --errno, --exec' f --e
refuses 'Option --ex is ambiguous: --extra, --exec' --ex f
refuses 'Option -p/--pid needs a value: PID' f -p
refuses 'Option -p/--pid needs a value: PID' f -xp
refuses 'Option -p/--pid needs a value: PID' f --pid
refuses 'Option -P needs a value: LIST' f -P
refuses 'Option --exec needs a value: CMD' f --exec
refuses "Option -x/--extra takes no value: 'yes'" f --extra=yes
refuses "-p/--pid: 'abc' is not a number" f -p abc
refuses "-p/--pid: '12x' is not a number" f -p12x
refuses "-p/--pid: '' is not a number" f --pid=
refuses "-p/--pid: '0x' is not a number" f -p 0x
refuses "-p/--pid: '--5' is not a number" f -p --5
refuses '-p/--pid: 9223372036854775808 is out of range' f -p 9223372036854775808
refuses '-p/--pid: -9223372036854775809 is out of range' f -p -9223372036854775809
refuses '-p/--pid: 0x10000000000000000 is out of range' f -p 0x10000000000000000
refuses "-m/--min: '1.2.3' is not a number" f -m 1.2.3
refuses "-m/--min: '.' is not a number" f -m .
refuses "-m/--min: '1e3' is not a number" f -m 1e3
refuses '-m/--min: 9223372036855 is out of range' f -m 9223372036855
refuses "-s/--sort: 'size' is none of all, reads, writes" f -s size
refuses "-l/--line: '(' is no regular expression: Unmatched ( or \\(" f -l '('
refuses "-u/--uid: there is no user 'nobody-there'" f -u nobody-there
refuses '-u/--uid: 4294967296 is out of range: 0 to 4294967295' f -u 4294967296
refuses '-u/--uid: -1 is out of range: 0 to 4294967295' f -u -1
refuses "-e/--errno: there is no error 'ENOSUCH'" f -e ENOSUCH
refuses '-e/--errno: 0 is out of range: 1 to 4095' f -e 0
refuses "-d/--disk: there is no disk 'nowhere'" f -d nowhere
refuses "-d/--disk: there is no disk '/dev/null'" f -d /dev/null
refuses "-d/--disk: there is no disk '4095:1048575'" f -d 4095:1048575
refuses "-S/--signal: there is no signal 'KILLL'" f -S TERM,KILLL
refuses "-S/--signal: there is no signal 'RTMIN+99'" f -S RTMIN+99
refuses '-S/--signal: 65 is out of range: 1 to 64' f -S 65
refuses "-P: 'b' is not a number" f -P 1,b
refuses "-P: '' is not a number" f -P 1,
refuses '-P: more than 256 values' f -P "$(seq -s, 1 257)"
refuses '-p/--pid and -t/--tid exclude each other' f -t 5 -p 6
refuses 'FILE is missing'
refuses 'FILE is missing' -p 5
refuses "count: 'x' is not a number" f x
refuses "One argument too many: 'y'" f 5 y
refuses "One argument too many: '-x'" f 5 -- -x
# skep's own options are those in front of the script
skep --mode codegen tool.bt f --mode codegen 2>err && exit 1
grep -qxF 'ERROR: Unknown option: --mode' err || { cat err; exit 1; }
skep --nonsense tool.bt f 2>err && exit 1
grep -q 'unrecognized option' err || { cat err; exit 1; }
# mistakes of the script come before those of the line
sed 's/begin/nonsense/' tool.bt >wrong.bt
skep --mode codegen wrong.bt f 2>err && exit 1
grep -q "Invalid probe type: nonsense" err || { cat err; exit 1; }
sed 's/flag(/flagg(/' tool.bt >wrong.bt
skep --mode codegen wrong.bt --nonsense 2>err && exit 1
grep -q "Unknown kind of option: 'flagg'" err || { cat err; exit 1; }
# a command is not run twice, or by somebody else
for o in '-c true' '-p 1'; do
	skep $o tool.bt f --exec true 2>err && exit 1
	grep -qxF 'ERROR: Cannot use -c or -p with a script that runs a command itself' err || { cat err; exit 1; }
done
skep --aot x tool.bt f --exec true 2>err && exit 1
grep -qxF 'ERROR: Cannot use --aot with a script that runs a command' err || { cat err; exit 1; }
skep --engine user tool.bt f --exec ./nothing-there 2>err && exit 1
grep -qxF "ERROR: Failed to fork child: Path './nothing-there' does not exist or is not executable" err || { cat err; exit 1; }
