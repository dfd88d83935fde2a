# expect: N      TEXT
# expect: 1      7 of ten|0x1f|  abc|
# expect: 2      no conversion
# expect: 3      plain
# expect: 4      44 (1, "x")
# expect: {"n": 1, "text": "7 of ten|0x1f|  abc|"}
# expect: {"n": 4, "text": "44 (1, \"x\")"}
# expect: 1,7 of ten|0x1f|  abc|
# expect: 4,"44 (1, ""x"")"
# expect: N      TEXT
# expect: 1      7 of ten|0x1f|  abc|
# A field that is format(): each emit has its own, the record carries the arguments only.
cat >t.bt <<'END'
options = { name = text("-n, --name NAME", "only these"); }
table rows where contains(text, opt.name) { N:-6; TEXT; }
macro row(n, text) { emit rows(n=n, text=text); }
begin {
	$seven = 7;
	$name = "abc";
	row(1, format("%d of %s|%p|%5s|", $seven, "ten", 0x1f, $name));
	row(2, format("no conversion"));
	row(3, "plain");
	row(4, format("%hhd%d (%d, \"%s\")", 260, 4, 1, "x"));
}
END
skep t.bt
skep t.bt --json | sed -n '1p;4p'
skep t.bt --csv | sed -n '2p;5p'
skep --aot t t.bt && ./t | head -n 2
