# timeout: 120
# A screen of 240 cells, each printed in one of four ways: a thousand places that print. It has to
# load, in the little memory of a guest too, and to print all of it; so has a small one without a ring.
{
	echo 'begin { @c[3] = 1; @c[7] = 2; @c[100] = 3;'
	i=0
	while [ $i -lt 240 ]; do
		cat <<-END
			\$v = @c[$i];
			if (\$v == 0) { printf("."); } if (\$v == 1) { printf("a"); }
			if (\$v == 2) { printf("b"); } if (\$v == 3) { printf("%d", \$v); }
			@d[$i] = \$v;
		END
		i=$((i + 1))
	done
	echo 'printf("\n"); clear(@c); clear(@d); }'
} >screen.bt
wanted=$(awk 'BEGIN { for (i = 0; i < 240; i++) printf "%s", i == 3 ? "a" : i == 7 ? "b" : i == 100 ? "3" : "." }')
skep -q --no-warnings screen.bt >out 2>err
[ "$(head -n 1 out)" = "$wanted" ] || { cat out err; exit 1; }
skep -q --no-feature ringbuf -e 'begin { unroll(12) { printf("%d %s\n", 5, "x"); } }' >out 2>err
[ "$(grep -cx '5 x' out)" = 12 ] || { cat out err; exit 1; }
