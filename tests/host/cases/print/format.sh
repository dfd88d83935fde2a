# Part 8 of the language: every conversion, flag, width and length, byte for byte.
cat >f.bt <<'BT'
enum E { AA = 1, BB = 2 };
begin {
	printf("[%d][%5d][%-5d][%+d][% d][%05d][%-05d][%i]\n", 5, 5, 5, 5, 5, -5, 5, -1);
	printf("[%-+5d][%-+ #05d][%#x][%#o][%X][%#X][%o][%u]\n", 5, 6, 255, 8, 255, 255, 8, -1);
	printf("[%hhd][%hd][%d][%ld]\n", 300, 70000, 0x123456789, 0x123456789);
	printf("[%lld][%jd][%zd][%td]\n", 0x123456789, 0x123456789, 0x123456789, 0x123456789);
	printf("[%hhu][%hx][%x][%lx]\n", 300, 70000, 0x12345678abcdef, 0x123456789);
	printf("[%llx][%jx][%zx][%tu]\n", 0x123456789, 0x123456789, 0x123456789, 0x123456789);
	printf("[%hhi][%hho][%hhX][%llX][%lu][%ld]\n", -1, -1, -1, -1, -1, -1);
	printf("[%c][%5c][%-5c]\n", 65, 66, 67);
	printf("[%p][%p][%20p][%-20p]\n", 0, 0x10, 0x20, (uint64 *)0x30);
	printf("[%s][%10s][%-10s][%.2s][%10.2s][%.0s]\n", "abc", "abc", "abc", "abc", "abcd", "xyz");
	printf("[%5.3d][%-8.3x][%.5d]\n", 7, 10, -3);
	printf("[%*d] 100%% %y %k %0-5d %L %\n", 7);
	printf("[%d][%s][%x][%d]\n", true, true, true, false);
	$e = (enum E)2;
	$f = (enum E)(nsecs * 0 + 77);
	printf("[%s][%d][%x][%s][%10s][%s]\n", $e, $e, $e, $f, $e, AA);
	printf("[%r][%rx][%rh][%10r][%-5r]\n", buf("a\n\x80z", 4), buf("He\n", 3), buf("He\n", 3), buf("abc", 3), buf("abc", 3));
	printf("[%s][%20s][%-20s]\n", (1, "a", (2, 3)), (1, "a"), (a = 1, b = "x"));
	printf("[%gr][%gr][%gr]\n", 0xcc0, 0, 0xdc0 + (1 << 40));
	printf("[%s][%s][%d]\n", (int64 *)0, (int64 *)16, (int64 *)16);
	printf("[%s][%s]\n", -5, 18446744073709551615);
	@c = count(); @s[1] = sum(-7); @a = avg(4); @st = stats(5); @mn = min(3); @mx = max(-3);
	printf("[%d][%d][%d][%u][%x][%s][%s][%s]\n", @c, @s[1], @a, @mn, @c, @c, @a, @st);
	clear(@c); clear(@s); clear(@a); clear(@st); clear(@mn); clear(@mx);
	printf("%s", "é\t\"\\\n");
}
BT
skep -q f.bt >out || exit
diff - out <<'END'
[5][    5][5    ][+5][ 5][-0005][5    ][-1]
[+5   ][+6   ][0xff][010][FF][0XFF][10][4294967295]
[44][4464][591751049][4886718345]
[4886718345][4886718345][4886718345][4886718345]
[44][1170][78abcdef][123456789]
[123456789][123456789][123456789][4886718345]
[-1][377][FF][FFFFFFFFFFFFFFFF][18446744073709551615][-1]
[A][    B][C    ]
[0][0x10][                0x20][0x30                ]
[abc][       abc][abc       ][ab][        ab][]
[  007][00a     ][-00003]
[7] 100% %y %k %0-5d %L %
[1][true][1][0]
[BB][2][2][77][        BB][AA]
[a\x0a\x80z][\x48\x65\x0a][48 65 0a][       abc][abc  ]
[(1, a, (2, 3))][              (1, a)][{ .a = 1, .b = x }  ]
[GFP_KERNEL][0][GFP_KERNEL|__GFP_ZERO|0x10000000000]
[0x0][0x10][16]
[-5][18446744073709551615]
[1][-7][4][3][1][1][4][{ .count = 1, .average = 5, .total = 5 }]
é	"\


@a: 0
@c: 0
@mn: 0
@mx: 0
@st: { .count = 0, .average = 0, .total = 0 }
END
