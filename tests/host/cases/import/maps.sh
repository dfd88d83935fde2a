# Maps of an object are the image's, one for all programs of the script; data lies in maps, too.
# expect: 1 2 1
# expect: 1 2 3 77
# expect: 2 3
# expect: 12
# requires: command -v clang-19 || command -v clang-14
set -e
mkdir lib
cp "$DIR/maps.bpf.c" lib/seen.bpf.c
printf '#define TEN 10\n' >lib/ten.h
echo 'int two = 2; int add_two(int x) { return x + two; }' >lib/two.bpf.c
for name in seen two; do
	# shellcheck disable=SC2046
	$(command -v clang-19 || command -v clang-14) -g -O2 --target=bpf -mcpu=v3 -I"$DIR" \
		-c lib/$name.bpf.c -o lib/$name.bpf.o
done
rm lib/*.c
cat >main.bt <<'END'
import "lib"
import "lib/two.bpf.o";
begin {
	printf("%d %d %d\n", note(1), note(1), note(2));
	printf("%d %d %d %d\n", note_slot(3), note_slot(3), note_slot(3), get_first());
	@c = note_cell();
	exit();
}
end {
	printf("%d %d\n", note_recent(1) + note_recent(1) - 1, note(1));
	printf("%d\n", add_two(TEN));
	clear(@c);
}
END
skep -q main.bt
