# timeout: 60
# expect-re: ^[0-9]{3} programs$
# What the language says to mistakes, to the letter and to the column: in diagnostics.txt a line `> PROGRAM`
# (¶ ends a line of it) is followed by its messages.
n=0 bad=0
check() {
	[ "$n" -gt 0 ] || return
	skep --mode codegen -e "$program" 2>&1 | grep -E '^(stdin:|HINT:|ERROR|WARNING)' >got
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
	*) printf '%s\n' "$line" >>want ;;
	esac
done <"$DIR/diagnostics.txt"
check
echo "$n programs"
exit $bad
