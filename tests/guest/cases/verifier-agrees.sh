# timeout: 120
# Every script here is loaded once more: what this kernel accepts, our own verifier accepts.
cd "$(dirname "$0")" 2>/dev/null || cd /cases || exit 1
n=0 bad=0
for file in *.bt; do
	skep -v --dry-run "$file" 1 2 >/tmp/agree.out 2>&1 </dev/null
	n=$((n + 1))
	if grep -a "the kernel accepts what skep's verifier refuses" /tmp/agree.out; then
		echo "  in $file"
		bad=$((bad + 1))
	fi
done
echo "$n scripts, $bad refused by ours alone"
[ $n -gt 15 ] && [ $bad -eq 0 ]
