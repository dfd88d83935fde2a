# timeout: 100
# Every script of these tests is loaded once more: what this kernel accepts, our own verifier
# accepts.
here=$(cd "$(dirname "$0")/.." && pwd)
n=0 bad=0
for file in "$here"/*.bt "$here"/*/*.bt; do
	case $file in */error/*) continue ;; esac
	n=$((n + 1))
	if skep -v --dry-run "$file" 1 2 </dev/null 2>&1 |
		grep -a "the kernel accepts what skep's verifier refuses"; then
		echo "  in $file"
		bad=$((bad + 1))
	fi
done
echo "$n scripts, $bad refused by ours alone"
[ $n -gt 60 ] && [ $bad -eq 0 ]
