# Maps of an object are the image's, one for all programs of the script; data lies in maps, too.
# expect: 1 2 1
# expect: 1 2 3 77
# expect: 2 3
# expect: 12
# requires: test -e "$(dirname "$(command -v work)")/functions.bpf.o"
set -e
mkdir lib
cp "$(dirname "$(command -v work)")/maps.bpf.o" lib/maps.bpf.o
cp "$(dirname "$(command -v work)")/functions.bpf.o" lib/functions.bpf.o
printf '#define TEN 10\n' >lib/ten.h
cat >main.bt <<'END'
import "lib"
import "lib/maps.bpf.o";
begin {
	printf("%d %d %d\n", note(1), note(1), note(2));
	printf("%d %d %d %d\n", note_slot(3), note_slot(3), note_slot(3), get_first());
	@c = note_cell();
	exit();
}
end {
	printf("%d %d\n", note_recent(1) + note_recent(1) - 1, note(1));
	printf("%d\n", add_up(TEN, 2));
	clear(@c);
}
END
skep -q main.bt
