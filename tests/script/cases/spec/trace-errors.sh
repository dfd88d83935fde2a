# timeout: 60
# expect-re: ^[0-9]{2} programs$
# What trace says to mistakes in a specification, to the letter and to the column.
each-program "$DIR/trace-errors.txt" \
	'skep --mode codegen trace "$program" 2>&1 | sed "s,/[^:]*/libc\.so\.6:,LIBC:," | grep -E "^(spec|HINT:|ERROR|WARNING|trace)"'
