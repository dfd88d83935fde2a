# expect: 2 rows of a
# expect: {"x": 1, "name": "say \"hi\"", "half": 0.5, "none": null}
# expect: {"x": 2, "name": "b", "half": 1.0, "none": null}
# expect: {"type": "row", "table": "a", "data": {"x": 3}}
# expect: handled 1
# expect: 1 !
# expect: handled 2
# A host block takes the rows of its table, and writes those it wants.
skep -e 'table a { X; } begin { emit a(x=1); emit a(x=2); exit() }
host a { @n++; } host end { printf("%d rows of a\n", @n); }'
skep -f json -e 'table a { X; NAME; HALF:.1 = x / 2.0; NONE = (1,2)[7]; }
begin { emit a(x=1, name="say \"hi\""); emit a(x=2, name="b"); exit() }' |
	sed -n 's/^{"type": "row", "table": "a", "data": \(.*\)}$/\1/p'
skep -f json -e 'table a { X; } begin { emit a(x=3); exit() }' | grep row
skep -e 'table a { X:2; MARK; } begin { emit a(x=1, mark="!"); emit a(x=2, mark="?"); exit() }
host a { printf("handled %d\n", x); if (x == 1) { row(); } }' | sed 's/^ //'
