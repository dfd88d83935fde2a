# expect: all
# Which of a verb, a tool and a path the first word is; links; mistyped names.
mkdir own && export SKEP_TOOLS=$PWD/own
echo 'begin { print("the tool"); exit(); }' >own/there.bt
echo 'begin { print("a verb, they say"); exit(); }' >own/tools.bt
echo 'begin { print("the path"); exit(); }' >there
cp there only.bt
as() { skep -d parse --mode codegen "$@" 2>&1 | grep -q "string \"$want" || { echo "no $want: $*"; exit 1; }; }
want='the tool' as there
want='the tool' as -q there x y
want='the path' as ./there
want='the path' as only.bt
skep tools --source there >/dev/null || exit
# Whoever is called bpftrace has no tools.
ln -s "$(command -v skep)" bpftrace
./bpftrace -d parse --mode codegen there | grep -q 'the path' || exit
# A mistyped name.
skep opensnop 2>err && exit 1
grep -qx "ERROR: failed to open file 'opensnop': No such file or directory" err || { cat err; exit 1; }
grep -qx 'HINT: did you mean the tool opensnoop?' err || { cat err; exit 1; }
skep ./opensnop 2>&1 | grep HINT && exit 1
skep nothing_like_it 2>&1 | grep HINT && exit 1
skep tols 2>&1 | grep -qx 'HINT: did you mean skep tools?' || exit
# Messages call it by its place.
skep --mode codegen -d parse syscount | head -n 1 | grep -qx '; parse' || exit
SKEP_MAX_STRLEN=10 skep --fmt opensnoop | head -n 2 | grep -q opensnoop || exit
skep -l opensnoop 2>err | grep -q '^tracepoint:syscalls:sys_enter_openat$' || { cat err; exit 1; }

# Help: the options block's, or what the comment says.
skep opensnoop --help | grep -q '^usage: opensnoop \[-h\]' || exit
printf '// plain: it does\n// little.\n//\n// area: files\n// With $1.\nbegin { exit(); }\n' >own/plain.bt
skep plain -h >help || exit
printf 'plain: it does\nlittle.\n\nWith $1.\n\nskep tools --source plain shows the script.\n' | diff - help || exit
skep -h plain | grep -q '^USAGE' || exit
skep opensnoop --no-such 2>&1 | grep -qx 'HINT: opensnoop -h explains the options' || exit
# Options of skep in front, of the tool behind.
skep -d parse --mode codegen opensnoop -x -p 1 >out 2>err || { cat err; exit 1; }
head -n 1 out | grep -qx '; parse' || exit

# Links: made, kept, and nobody's else replaced.
mkdir bin && echo else >bin/killsnoop
skep tools --links bin >out 2>err && exit 1
grep -qx 'WARNING: bin/killsnoop is something else, left as it is' err || { cat err; exit 1; }
rm bin/killsnoop
skep tools --links bin/ | grep -q '^[0-9]* links to /.*/skep$' || exit
[ "$(readlink bin/killsnoop)" = "$(readlink bin/opensnoop)" ] || exit
skep tools --links bin >/dev/null || exit
[ -L bin/there ] || exit
# As a script that was compiled, a name means nothing.
skep --aot opensnoop -e 'begin { print("compiled"); exit(); }' || exit
./opensnoop --help | grep -q 'USAGE' || exit
./opensnoop 2>&1 | grep -q 'PATH' && exit 1
echo all
