# A compiled script runs by itself, with its options, and by skep; damage is noticed.
# timeout: 30
bad=0
say() { echo "$*"; bad=1; }
cat >script.bt <<'S'
begin { printf("%s %d %d\n", getopt("name", "bob", "who"), getopt("n", 3), getopt("low", -1)); }
tracepoint:syscalls:sys_enter_openat /pid == getopt("p", 0)/ { @never = count(); }
uprobe:$1:target_step { @calls[probe, func] = count(); @h = hist(arg0); @s[ustack(1)] = 1; }
end { if (getopt("loud")) { print((1, "two", 3)); } exit(9); }
S
target=$(command -v target)
skep --aot ./kept script.bt "$target" || say 'not written'
[ -x kept ] || say 'no executable'
mkfifo pipe
cat pipe >piped & skep --aot pipe script.bt "$target" || say 'not written to a pipe'
wait
[ -p pipe ] && cmp kept piped || say 'a pipe is replaced'
skep -q -c 'target 5' script.bt "$target" -- --name=ann --loud >direct
./kept -q -c 'target 5' -- --name=ann --loud >own
[ $? = 9 ] || say 'status of exit()'
cmp direct own || say 'another output'
grep -q '^ann 3 -1$' own && grep -q '^(1, two, 3)$' own && grep -q 'target_step\]: 5$' own || { cat own; say 'options'; }
skep -q -c 'target 5' ./kept -- --name=ann --loud >by
cmp direct by || say 'skep FILE runs it otherwise'
./kept -q -f json -o out.json -c 'target 1' && say 'status with -o'
grep -q '^{"type": "printf", "data": "bob 3 -1\\n"}$' out.json || say 'defaults, -f, -o'
BPFTRACE_PRINT_MAPS_ON_EXIT=false ./kept -q -c 'target 1' | grep -q @ && say 'the environment is not heard'
# mistakes
fails() { # TEXT COMMAND...
	text=$1
	shift
	"$@" >out 2>err
	[ $? = 1 ] || say "$*: status"
	cat out err | grep -qxF -- "$text" || { say "$*: expected $text"; cat out err; }
}
fails 'ERROR: program command line option --n invalid integer (value: x)' ./kept -- --n=x
fails 'ERROR: program command line option --loud invalid boolean (value: perhaps)' ./kept -- --loud=perhaps
fails 'ERROR: program command line option --name requires a value' ./kept -- --name
fails 'ERROR: unexpected program command line options: --nam' ./kept -- --nam=1
fails '--name: who' ./kept -- --help
fails 'ERROR: unexpected parameter: more (a compiled script has those it was compiled with)' ./kept more
fails 'USAGE: This script is compiled: options about compiling come too late.' ./kept -e 'begin { }'
sed 's/bob/b0b/g' kept >changed
chmod +x changed
fails 'ERROR: The compiled script in changed is damaged' skep changed
fails 'ERROR: The compiled script in changed is damaged' ./changed
fails 'USAGE: Cannot use --aot with -c or -p.' skep --aot x -c true -e 'begin { }'
fails 'USAGE: Cannot use --aot with another mode.' skep --aot x --test -e 'begin { }'
fails 'ERROR: Failed to write output file: "/nowhere/x": No such file or directory' skep --aot /nowhere/x -e 'begin { }'
fails 'stdin:1:15-32: ERROR: kaddr() cannot be used with --aot: its value changes with each boot' \
	skep --aot x -e 'begin { print(kaddr("vfs_read")); }'
fails 'stdin:1:15-31: ERROR: cgroupid() cannot be used with --aot: its value changes with each boot' \
	skep --aot x -e 'begin { print(cgroupid("/sys")); }'
fails 'ERROR: -p comes too late: what is of one process only is compiled in' ./kept -p $$
unshare --pid --fork ./kept -q 2>err && say 'in a pid namespace'
grep -q '^ERROR: This script was compiled for another system: ' err || { cat err; say 'another system'; }
grep -q '^HINT: here is .*, pid namespace [0-9]*; compile it here, too$' err || { cat err; say 'this system'; }
[ ! -e x ] || say 'something was written'
./kept -V | grep -q '^skep v' && ./kept --help | grep -q '^    kept \[options\]' || say 'help'
./kept --dry-run -d libbpf 2>&1 | grep -q '^attached uprobe:' || say '-d'
exit $bad
