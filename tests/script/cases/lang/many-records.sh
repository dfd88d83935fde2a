# timeout: 60
# Where a program prints in many places, what these have in common stands once in sub-programs; a
# place is then its values and a call. A program with few keeps them in place.
# expect: few: no call
# expect: text: as wanted
# expect: number: as wanted
# expect: numbers: as wanted
# expect: name: as wanted
# expect: string: as wanted
# expect: warning: as wanted
# expect: read: as wanted
dump() { # STATEMENT TIMES
	skep --engine user -c /bin/true --no-warnings --dry-run -d bpf \
		-e "interval:s:1 { unroll($2) { $1 } } end { @x = 1; @k[1] = 2; }"
}
hundred() { # NAME MOST STATEMENT
	n=$(dump "$3" 100 | sed -n 's/^; program interval, \([0-9]*\) .*/\1/p')
	[ "$n" -gt 300 ] && [ "$n" -le "$2" ] && echo "$1: as wanted" || echo "$1: $n instructions"
}
dump 'printf("%d", @x);' 8 | grep -q 'call pc' || echo 'few: no call'
hundred text 900 'if (@x == 5) { printf("a"); }'
hundred number 900 'printf("%d", @x);'
hundred numbers 1700 'printf("%d %d %d", @x, pid, @x + 1);'
hundred name 2900 'printf("%d %s", @x, comm);'
hundred string 2100 'printf("%d %s", @x, str(@x));'
hundred warning 1750 '@[1] = 2;'
hundred read 1250 '@y += @k[1];'
