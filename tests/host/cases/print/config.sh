# timeout: 40
# What the variables do that change what is printed; the others have cases of their own.
is() {
	want=$1
	shift
	got=$(skep -q "$@" 2>&1) || { echo "$*: $got"; exit 1; }
	[ "$got" = "$want" ] || { echo "$*: '$got' is not '$want'"; exit 1; }
}
printf 0123456789abcdef >file
is 01234567 -e 'config = { max_cat_bytes = 8; print_maps_on_exit = false } begin { cat("file"); @a = 1; }'
is 0123456789abcdef -e 'begin { cat("file"); }'
is '' -e 'config = { max_cat_bytes = 0 } begin { cat("file"); }'
# wherever values lie, they are the same
for limit in 0 8 32 400; do
	is '(1, 0123456789012345678901234567890123456789, 7)
((1, a), (2, b))


@m[0123456789012345678901234567890123456789, 1]: (1, longer than that)' -e "config = { on_stack_limit = $limit } begin {
		\$t = (1, \"0123456789012345678901234567890123456789\", 7);
		print(\$t); print(((1, \"a\"), (2, \"b\")));
		@m[\$t.1, 1] = (1, \"longer than that\"); }"
done
# the default form of stacks
probe="uprobe:$(command -v shapes):take_shape"
skep -q -c shapes -e "config = { stack_mode = raw } $probe { print(ustack(1)); exit(); }" | grep -qE '^[0-9a-f]+$' || exit
skep -q -c shapes -e "config = { stack_mode = perf } $probe { print(ustack); exit(); }" | grep -qE '^	[0-9a-f]+ take_shape\+0 \(/.*/shapes\)$' || exit
skep -q -c shapes -e "config = { stack_mode = perf } $probe { print(ustack(bpftrace, 1)); exit(); }" | grep -qE '^        take_shape\+0' || exit
# C++ names
probe="uprobe:$(command -v shapes):_ZN5shape4areaEi"
skep -q -c shapes -e "$probe { print(usym(reg(\"ip\"))); exit(); }" | grep -q '^shape::area(int)$' || exit
skep -q -c shapes -e "config = { cpp_demangle = false } $probe { print(usym(reg(\"ip\"))); exit(); }" | grep -q '^_ZN5shape4areaEi$' || exit
# a ring that holds it all
[ "$(skep -q -e 'config = { perf_rb_pages = 64 } begin { for ($i : 0..1000) { printf(".\n"); } }' | grep -c '^\.$')" = 1000 ]
