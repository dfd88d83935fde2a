# Where a program comes from, and what comes before and behind it on the command line.
bad=0
same() { # EXPECTED COMMAND...: standard output
	want=$1
	shift
	got=$("$@" 2>err) || { echo "$*: status"; bad=1; cat err; }
	[ "$(printf '%s' "$got" | sed '/^$/d' | tr '\n' '|')" = "$want" ] && return
	echo "$*: expected $want, got $got"
	cat err
	bad=1
}
script='begin { printf("%d %s %d", $1, str($2), $#); }'
echo "$script" >s.bt
same '5 x 2' skep -q s.bt 5 x
same '5 x 2' skep s.bt -q 5 x
same '5 x 2' skep s.bt 5 x --quiet
same '5 x 2' skep s.bt 5 --qui -- x
same '5 -q 2' skep -q s.bt -- 5 -q
same '5 x 2' skep -q -e "$script" 5 x
same '5 x 2' skep --execute "$script" 5 -q x
same '5 x 2' skep -q - 5 x <s.bt
same '5 x 2' skep -q --output=/dev/stdout s.bt 5 x
same '5 x 2' skep -q -b --btf --usdt-file-activation s.bt 5 x
printf '#!%s -q\n%s\n' "$(command -v skep)" "$script" >run.bt
chmod +x run.bt
same '5 x 2' ./run.bt 5 x
same '1' skep -q --warnings -e 'begin { print(1); }'
# as it is read: what comes behind does not matter
skep -q -V --nonsense | grep -q '^skep v[0-9]' || { echo '-V'; bad=1; }
skep -h --nonsense | grep -q '^USAGE:$' || { echo '-h'; bad=1; }
skep >out 2>err
[ $? = 1 ] && [ ! -s out ] && grep -q '^USAGE:$' err || { echo 'no arguments'; bad=1; }
# C
mkdir inc
echo 'struct inca { int q; };' >inc/inca.h
size='begin { print(sizeof(struct inca)); }'
same 4 skep -q -I inc --include inca.h -e "$size"
same 4 skep -q --include-dir inc -e "#include <inca.h>
$size"
same 4 env CPATH=$PWD/inc skep -q -e "#include <inca.h>
$size"
same 4 env C_INCLUDE_PATH=/nowhere:$PWD/inc skep -q -e "#include \"inca.h\"
$size"
mkdir -p tree/include/linux built/include/generated/uapi/linux
echo 'struct of_the_tree { char a[7]; };' >tree/include/linux/mine.h
echo '#include <linux/mine.h>
struct of_the_build { struct of_the_tree a[2]; };' >built/include/generated/uapi/linux/built.h
same 14 env BPFTRACE_KERNEL_SOURCE=tree BPFTRACE_KERNEL_BUILD=built skep -q -e '#include <linux/built.h>
begin { print(sizeof(struct of_the_build)); }'
printf '#!/usr/bin/env skep\n%s\nend { print(nosuch); }\n' "$size" >where.bt
skep -I inc --include inca.h where.bt 2>&1 | grep -q "^where\.bt:3:13-19: ERROR: Unknown identifier: 'nosuch'$" ||
	{ echo 'lines count those of --include'; bad=1; }
skep --fmt --include inca.h where.bt | grep -q inca.h && { echo '--fmt writes --include'; bad=1; }
# colors
color() { BPFTRACE_COLOR=$1 skep -e 'begin { print(nosuch); }' 2>&1 | grep -c "$(printf '^\033\\[31mstdin:1:15-21: ERROR: .*\033\\[0m$')"; }
[ "$(color always)" = 1 ] && [ "$(color never)" = 0 ] && [ "$(color auto)" = 0 ] || { echo colors; bad=1; }
BPFTRACE_COLOR=always skep -q -e 'begin { print($1); }' 2>&1 | grep -q "$(printf '^\033\\[33mstdin:1:15-17: WARNING')" ||
	{ echo 'yellow'; bad=1; }
# warnings
skep -q --no-warnings -e 'begin { print($1); warnf("w"); errorf("e"); }' >out 2>err
grep -q 'WARNING\|w$' err && { echo '--no-warnings'; cat err; bad=1; }
grep -q '^stdin:1:32-43: ERROR: e$' err || { echo errorf; cat err; bad=1; }
# pids in every base
for p in $$ "0x$(printf %x $$)" "0$(printf %o $$)"; do
	skep --dry-run -p "$p" -e 'begin { }' || { echo "-p $p"; bad=1; }
done
skep -p 99999999 -e 'begin { }' 2>/dev/null && bad=1
skep -l x.bt 2>&1 | grep -qxF "WARNING: It appears that 'x.bt' is a filename but the file does not exist. Treating 'x.bt' as a search pattern." ||
	{ echo '-l of a file'; bad=1; }
exit $bad
