# timeout: 60
# expect-re: ^[0-9]{2,3} programs$
# What programs print: in values.txt a line `> PROGRAM` (¶ ends a line of it) is followed by its output.
n=0 bad=0
check() {
	[ "$n" -gt 0 ] || return
	skep -q -e "$program" 2>/dev/null | grep . >got
	cmp -s want got && return
	bad=1
	printf '%s\n' "$program"
	diff want got
}
while IFS= read -r line; do
	case $line in
	'> '*)
		check
		program=$(printf '%s\n' "${line#> }" | sed 's/¶/\n/g')
		n=$((n + 1))
		: >want
		;;
	*) [ -z "$line" ] || printf '%s\n' "$line" >>want ;;
	esac
done <"$DIR/values.txt"
check
echo "$n programs"
exit $bad
