# timeout: 30
# expect: 10 programs
# expect: count=$e.1, event=format("a = %s, b %% 2 = %s", $e.0.0, $e.0.1));
# expect: print_hist(take(@hist_2), "sizes");
# expect: last(sort(sort(@counts_1), $it.1), 3)
# What each form of a specification of argdist becomes, and that it compiles.
each-program "$DIR/argdist.txt" \
	'eval "skep --mode codegen argdist -v $program" 2>&1 | sed "/^host report/,\$d; s,:/[^:]*/libc\.so\.6:,:LIBC:,; s,:/[^:]*/marks:,:MARKS:," | grep -v "^[/{}]/*\( \|$\)\|^;\|^	}"'
skep --no-warnings --mode codegen argdist -v -C 'p:c:read(int a, int b):int,int:a,b % 2' \
	-H 'p:c:malloc(int a):int:a#sizes' | grep -o 'count=.*\|print_hist[^;]*;'
skep --mode codegen argdist -v -C 'p:c:read(int a, int b):int:a' -cT 3 | grep -o 'last(.*3)'
