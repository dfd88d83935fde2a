# Part 9.6: a user's stack in each form, printed, formatted, in keys and values.
# timeout: 40
shapes=$(command -v shapes)
cat >s.bt <<BT
config = { show_debug_info = false }
uprobe:$shapes:take_shape {
	print(ustack(1));
	print(ustack(perf, 1));
	print(ustack(raw, 1));
	printf("[%s]\n", ustack(bpftrace, 1));
	@key[ustack(1), 5] = count();
	@val = ustack(perf, 1);
	print((1, ustack(1)));
	print(len(ustack(2)));
	exit();
}
BT
skep -q -c shapes s.bt | grep -v ' text' | sed "s/[0-9a-f]\{8,\}/ADDRESS/; s|$shapes|SHAPES|" >out
diff - out <<'END' || exit

        take_shape+0


	ADDRESS take_shape+0 (SHAPES)


ADDRESS

[
        take_shape+0
]
(1, 
        take_shape+0
)
2


@key[
        take_shape+0
, 5]: 1
@val: 
	ADDRESS take_shape+0 (SHAPES)

END
skep -q -f json -c shapes s.bt | grep -v ' text' | sed "s/[0-9a-f]\{10,\}/ADDRESS/g; s|$shapes|SHAPES|" | head -n 4 >out
diff - out <<'END'
{"type": "value", "data": "\n        take_shape+0\n"}
{"type": "value", "data": "\n\tADDRESS take_shape+0 (SHAPES)\n"}
{"type": "value", "data": "\nADDRESS\n"}
{"type": "printf", "data": "[\n        take_shape+0\n]\n"}
END
