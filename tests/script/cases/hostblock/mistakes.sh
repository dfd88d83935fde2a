# timeout: 60
# expect-re: ^[0-9]{2} programs$
# What tables and host blocks say to mistakes, to the letter and to the column.
each-program "$DIR/mistakes.txt" \
	'skep --mode codegen -e "$program" 2>&1 | grep -E "^(stdin:|HINT:|ERROR|WARNING)"'
