# Part 9.3: the lines of maps and their order, and the same maps as JSON.
cat >m.bt <<'BT'
enum E { AA = 1, BB = 2 };
begin {
	@n = 5; @c["bash"] = 12; @x[1, "abc"] = 7; @y[(1, 2), 3] = 7; @yt[(1, 2)] = 3; @y1[((1, 2),)] = 4;
	@z[1] = (1, 2); @z[0] = (9, 1);
	@neg[-5] = -1; @neg[3] = 4; @neg[1] = -7; @neg[2] = 0;
	@u[1] = 18446744073709551615; @u[2] = 1;
	@cnt["b"] = count(); @cnt["a"] = count(); @cnt["a"] = count();
	@sum[1] = sum(-5); @sum[2] = sum(3); @sum[3] = sum(-1);
	@min[1] = min(-5); @min[2] = min(3); @min[3] = min(7);
	@max[1] = max(-5); @max[2] = max(3);
	@avg["x"] = avg(5); @avg["y"] = avg(2); @avg["y"] = avg(-9);
	@st["x"] = stats(5); @st["y"] = stats(2); @st["z"] = stats(-2);
	@h["big"] = hist(1); @h["big"] = hist(2); @h["small"] = hist(3);
	@l[2] = lhist(1, 0, 10, 1); @l[2] = lhist(1, 0, 10, 1); @l[1] = lhist(1, 0, 10, 1);
	@str[-1] = "z"; @str[-10] = "y"; @str[5] = "a"; @str[2] = "m";
	@strk["b"] = "1"; @strk["a"] = "2"; @strk["ab"] = "0"; @strk["Z"] = "3";
	@tk[2, "a"] = "v"; @tk[1, "b"] = "v"; @tk[1, "a"] = "v"; @tk[-1, "z"] = "v";
	@long["longer than eight, b"] = true; @long["longer than eight, a"] = false;
	@e[BB] = BB; @e[AA] = AA;
	@b[true] = false; @b[false] = true;
	@p[(int64 *)16] = (int64 *)1; @p[(int64 *)2] = (int64 *)9;
	@ar[(uint8[2])(uint16)0x0102] = (uint8[2])(uint16)0x0102;
	@rec[(a = 2, b = "x")] = (c = 2, d = 1); @rec[(a = 1, b = "y z")] = (c = 3, d = 1);
	@buf[buf("a\x01", 2)] = buf("z\xff", 2);
	@ip[ntop(0x0100007f)] = ntop(0x0200007f);
	@none[1] = 1; delete(@none, 1); print(@none);
}
BT
skep -q m.bt >out || exit
diff - out <<'END' || exit


@ar[[2,1]]: [2,1]
@avg[y]: -3
@avg[x]: 5
@b[false]: true
@b[true]: false
@buf[a\x01]: z\xff
@c[bash]: 12
@cnt[b]: 1
@cnt[a]: 2
@e[AA]: AA
@e[BB]: BB
@h[small]:
[2, 4)                 1 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|

@h[big]:
[1]                    1 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|
[2, 4)                 1 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|

@ip[127.0.0.1]: 127.0.0.2
@l[1]:
[1]                    1 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|

@l[2]:
[1]                    2 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|

@long[longer than eight, a]: false
@long[longer than eight, b]: true
@max[2]: 3
@max[1]: -5
@min[2]: 3
@min[3]: 7
@min[1]: -5
@n: 5
@neg[1]: -7
@neg[-5]: -1
@neg[2]: 0
@neg[3]: 4
@p[0x2]: 0x9
@p[0x10]: 0x1
@rec[{ .a = 1, .b = y z }]: { .c = 3, .d = 1 }
@rec[{ .a = 2, .b = x }]: { .c = 2, .d = 1 }
@st[z]: { .count = 1, .average = -2, .total = -2 }
@st[y]: { .count = 1, .average = 2, .total = 2 }
@st[x]: { .count = 1, .average = 5, .total = 5 }
@str[-10]: y
@str[-1]: z
@str[2]: m
@str[5]: a
@strk[Z]: 3
@strk[a]: 2
@strk[ab]: 0
@strk[b]: 1
@sum[1]: -5
@sum[3]: -1
@sum[2]: 3
@tk[-1, z]: v
@tk[1, a]: v
@tk[1, b]: v
@tk[2, a]: v
@u[2]: 1
@u[1]: 18446744073709551615
@x[1, abc]: 7
@y[(1, 2), 3]: 7
@y1[(1, 2)]: 4
@yt[1, 2]: 3
@z[0]: (9, 1)
@z[1]: (1, 2)
END
skep -q -f json m.bt >out || exit
diff - out <<'END'
{"type": "map", "data": {"@ar": {"[2,1]": [2,1]}}}
{"type": "stats", "data": {"@avg": {"y": -3, "x": 5}}}
{"type": "map", "data": {"@b": {"false": true, "true": false}}}
{"type": "map", "data": {"@buf": {"a\\x01": [122,-1]}}}
{"type": "map", "data": {"@c": {"bash": 12}}}
{"type": "map", "data": {"@cnt": {"b": 1, "a": 2}}}
{"type": "map", "data": {"@e": {"AA": 1, "BB": 2}}}
{"type": "hist", "data": {"@h": {"small": [{"min": 2, "max": 3, "count": 1}], "big": [{"min": 1, "max": 1, "count": 1},{"min": 2, "max": 3, "count": 1}]}}}
{"type": "map", "data": {"@ip": {"127.0.0.1": "127.0.0.2"}}}
{"type": "hist", "data": {"@l": {"1": [{"min": 1, "max": 1, "count": 1}], "2": [{"min": 1, "max": 1, "count": 2}]}}}
{"type": "map", "data": {"@long": {"longerthaneight,a": false, "longerthaneight,b": true}}}
{"type": "map", "data": {"@max": {"2": 3, "1": -5}}}
{"type": "map", "data": {"@min": {"2": 3, "3": 7, "1": -5}}}
{"type": "map", "data": {"@n": 5}}
{"type": "map", "data": {"@neg": {"1": -7, "-5": -1, "2": 0, "3": 4}}}
{"type": "map", "data": {"@p": {"0x2": 9, "0x10": 1}}}
{"type": "map", "data": {"@rec": {"{.a=1,.b=yz}": {"c": 3, "d": 1}, "{.a=2,.b=x}": {"c": 2, "d": 1}}}}
{"type": "stats", "data": {"@st": {"z": {"count": 1, "average": -2, "total": -2}, "y": {"count": 1, "average": 2, "total": 2}, "x": {"count": 1, "average": 5, "total": 5}}}}
{"type": "map", "data": {"@str": {"-10": "y", "-1": "z", "2": "m", "5": "a"}}}
{"type": "map", "data": {"@strk": {"Z": "3", "a": "2", "ab": "0", "b": "1"}}}
{"type": "map", "data": {"@sum": {"1": -5, "3": -1, "2": 3}}}
{"type": "map", "data": {"@tk": {"-1,z": "v", "1,a": "v", "1,b": "v", "2,a": "v"}}}
{"type": "map", "data": {"@u": {"2": 1, "1": "18446744073709551615"}}}
{"type": "map", "data": {"@x": {"1,abc": 7}}}
{"type": "map", "data": {"@y": {"(1,2),3": 7}}}
{"type": "map", "data": {"@y1": {"(1,2)": 4}}}
{"type": "map", "data": {"@yt": {"1,2": 3}}}
{"type": "map", "data": {"@z": {"0": [9,1], "1": [1,2]}}}
END
