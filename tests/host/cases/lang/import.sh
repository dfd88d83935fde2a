# Relative to the importing file, each file once, also a directory, a header and the script itself.
mkdir -p lib/sub
cat >main.bt <<'END'
config = { unstable_import_statement = enable }
import "lib/one.bt";
import "lib/one.bt"
import "lib";
import "base";
begin {
	import "base";
	$p = (struct foo *)0;
	printf("%d %d %d %d %d\n", sizeof(*$p), triple(4), FROM_H, inc(1), sizeof(struct bar));
	@m[1] = 1;
	exit();
}
END
cat >lib/one.bt <<'END'
#!/usr/bin/env skep
struct bar { int x; };
import "sub/two.bt";
macro triple(e) { e * 3 }
let @m = hash(10);
end { print("the end of one"); }
END
cat >lib/sub/two.bt <<'END'
import "../one.bt";
import "../../main.bt";
fn inc($a : int64) : int64 { return $a + 1; }
END
printf '#define FROM_H 77\nstruct foo { int a[4]; };\n' >lib/three.h
mkdir elsewhere && cd elsewhere && skep -q ../main.bt >../out 2>&1
cd .. && printf '16 12 77 2 4\nthe end of one\n\n\n@m[1]: 1\n' | diff - out || exit 1
skep -q -e 'import "lib/sub/two.bt"; begin { print(inc(1)); exit(); }' 2>&1 | head -1 | grep -q "config is not allowed"
