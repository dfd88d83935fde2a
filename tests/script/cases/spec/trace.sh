# timeout: 30
# expect: 13 programs
# What each form of a specification of trace becomes, and that it compiles.
each-program "$DIR/trace.txt" \
	'skep --mode codegen trace -v "$program" 2>&1 | sed "s,:/[^:]*/libc\.so\.6:,:LIBC:,; s,:/[^:]*/marks:,:MARKS:," | grep -v "^[/{}]/*\( \|$\)\|^;"'
