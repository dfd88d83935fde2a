# timeout: 60
# expect-re: ^[0-9]{2} programs$
# expect: ERROR: There is nothing to do: -C/--count or -H/--histogram is missing
# What argdist says to mistakes in a specification of a histogram.
each-program "$DIR/argdist-errors.txt" \
	'skep --mode codegen argdist -H "$program" 2>&1 | grep -E "^(spec|HINT:|ERROR|WARNING|argdist)"'
skep --mode codegen argdist 2>&1
exit 0
