# timeout: 60
# expect-re: ^[0-9]{3} programs$
# What the language says to mistakes, to the letter and to the column.
each-program "$DIR/diagnostics.txt" \
	'skep --mode codegen -e "$program" 2>&1 | grep -E "^(stdin:|HINT:|ERROR|WARNING)"'
