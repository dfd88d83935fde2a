# Every script of the project: it can be laid out (which compares the trees), and then stays.
# expect-re: ^[1-9][0-9][0-9] scripts, 0 failed$
# timeout: 120
top=$CASES/../../..
n=0 failed=0
fail() { echo "$1"; failed=$((failed + 1)); }
for f in "$top"/tools/*.bt "$top"/tests/host/cases/*.bt "$top"/tests/*/cases/*/*.bt; do
	case $f in */error/*) continue ;; esac # such as cannot be parsed
	n=$((n + 1))
	skep --fmt "$f" 1 2 3 >once 2>why || fail "$f: $(cat why)"
	skep --fmt once 1 2 3 >twice
	cmp -s once twice || fail "$f changes again"
done
echo "$n scripts, $failed failed"
