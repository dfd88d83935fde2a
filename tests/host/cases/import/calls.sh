# Functions of an object: numbers of all widths, pointers, text, sub-programs, callbacks, data.
# expect: 3 -3 12 7
# expect: 255 -1 1 0 65535
# expect: 46 52
# expect: pid 1
# expect: 45 0
# expect: 5 8 9
# expect: 294 195 0
# expect: 3 4 7
# expect: 44 44
# expect: done 63
# requires: test -e "$(dirname "$(command -v work)")/functions.bpf.o"
set -e
cp "$(dirname "$(command -v work)")/functions.bpf.o" lib.bpf.o
cat >main.bt <<'END'
import "lib.bpf.o"
fn outer($n : int64) : int64 { return (int64)gauss((uint32)$n) - 1; }
begin {
	printf("%d %d %d %d\n", add_up(1, 2), add_up(1, -4), quad(3), pick(2));
	printf("%d %d %d %d %d\n", low_byte(0x1ff), low_signed(0xff), is_odd(3), is_odd(2), half(0x1ffff));
	printf("%d %d\n", bump(5), bump(5));
	printf("pid %d\n", my_id() >> 32 == pid);
	printf("%d %d\n", gauss(10), five(1, 2, 3, 4, 0));
	$x = (int64)5;
	$i = (int32)8;
	printf("%d %d ", read_int(&$x), read_int(&$i));
	add_to(&$x, 4);
	printf("%d\n", $x);
	$s = "abc";
	printf("%d %d %d\n", letters($s), letters("ab"), letters(str(0)));
	$p = keep(3, 4);
	printf("%d %d %d\n", $p->a, $p->b, ((struct pair *)$p)->a + (*$p).b);
	@sum = (int64)0;
	for ($k : 0..300) { add_to(&@sum, is_odd((int64)$k)); }
	printf("%d %d\n", outer(10), outer(10));
	if (add_up(1, 1) == 2 && is_null(0) && !is_null($p) && next(1) == 2) { @sum = 0; }
	forget();
	exit();
}
end { printf("done %d\n", bump(20)); clear(@sum); }
END
sed -i 's/read_int(&$x)/read_int((int32 *)\&$x)/' main.bt
skep -q main.bt
