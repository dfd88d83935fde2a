# Part 9.2: the text of every kind of value, and its JSON.
cat >v.bt <<'BT'
enum E { AA = 1, BB = 2 };
begin {
	print(1); print(-1); print(18446744073709551615); print((int8)65); print((uint16)65535);
	print(true); print(false); print(BB); print((enum E)1); print((enum E)(nsecs * 0 + 9));
	print((int64 *)0); print((int64 *)255); print("abc"); print("");
	print((uint8[4])0x01020304); print((bool[2])(uint16)1);
	print((1, "abc", (2, 3))); print((1,)); print(());
	print((a = 1, b = "x")); print((a = (b = 1, c = (d = 2)), e = (1, 2)));
	print(buf("a\x01\xff~", 4)); print(ntop(0x0100007f)); print(ntop(pton("fe80::1")));
	print(macaddr((uint8[6])0x563412efcdab));
	print(usym(1234)); print(strftime("%Y", (uint64)0));
	print(strerror(2)); print(pton("1.2.3.4")); print((username_t)4294967294);
	print((1, true, "x", BB, (int64 *)0, buf("a\xff", 2), ntop(1), (z = -1)));
	print(9007199254740993); print(-9007199254740993); print(9007199254740992);
	print("\x01\x1f\t\r\"\\/\x7fé");
}
BT
skep -q v.bt | tr '\001\037\r\177' '12r7' >out || exit
diff - out <<'END' || exit
1
-1
18446744073709551615
65
65535
true
false
BB
AA
9
0x0
0xff
abc

[4,3,2,1]
[true,false]
(1, abc, (2, 3))
(1)
()
{ .a = 1, .b = x }
{ .a = { .b = 1, .c = { .d = 2 } }, .e = (1, 2) }
a\x01\xff~
127.0.0.1
fe80::1
AB:CD:EF:12:34:56
0x4d2
(?)
No such file or directory
[1,2,3,4]

(1, true, x, BB, 0x0, a\xff, 1.0.0.0, { .z = -1 })
9007199254740993
-9007199254740993
9007199254740992
12	r"\/7é


END
skep -q -f json v.bt >out || exit
sed 's/{"type": "value", "data": \(.*\)}$/\1/' out | diff - /dev/fd/3 3<<'END'
1
-1
"18446744073709551615"
65
65535
true
false
2
1
9
0
255
"abc"
""
[4,3,2,1]
[true,false]
[1,"abc",[2,3]]
[1]
[]
{"a": 1, "b": "x"}
{"a": {"b": 1, "c": {"d": 2}}, "e": [1,2]}
[97,1,-1,126]
"127.0.0.1"
"fe80::1"
"AB:CD:EF:12:34:56"
"0x4d2"
"(?)"
"No such file or directory"
[1,2,3,4]
""
[1,true,"x",2,0,[97,-1],"1.0.0.0",{"z": -1}]
"9007199254740993"
"-9007199254740993"
9007199254740992
"\u0001\u001f\t\r\"\\/\u007fé"
END
