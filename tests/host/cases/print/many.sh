# timeout: 60
# Many places that print, of every form of record: what is printed is what was meant, with a ring and
# with perf buffers.
# expect: right
# expect: right
numbers='0 1 2 3 4 5 6 7 8 9 10 11'
{
	echo 'begin { @x = -7; @big = 5000000000; @s = "text"; $i = (int8)3;'
	for i in $numbers; do
		cat <<-END
			printf("$i\n");
			printf("%d $i\n", @x);
			printf("%d %ld $i\n", \$i, @big);
			printf("%d %d %d %ld $i\n", \$i, @x, (uint16)65535, @big);
			printf("%d %d %d %d %d $i\n", 1, 2, @x, 4, $i);
			printf("%p %d $i\n", @x == 0 ? (int8 *)1 : (int8 *)2, @x);
			printf("%d %s $i\n", @x, @s);
			printf("%s %d %s $i\n", str("argument"), @x, str("argument", 3));
			printf("%s $i\n", (@x, $i, "in"));
			print((@x, $i));
			print(@x);
			print($i);
		END
	done
	echo "}"
} >many.bt
for i in $numbers; do
	cat <<-END
		$i
		-7 $i
		3 5000000000 $i
		3 -7 65535 5000000000 $i
		1 2 -7 4 $i $i
		0x2 -7 $i
		-7 text $i
		argument -7 ar $i
		(-7, $i, in) $i
		(-7, $i)
		@x: -7
		$i
	END
done >wanted
skep -q --no-warnings many.bt | head -n 144 | diff wanted - && echo right
skep -q --no-warnings --no-feature ringbuf many.bt | head -n 144 | diff wanted - && echo right
