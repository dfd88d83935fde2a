# Debug information in several files: what -gsplit-dwarf leaves in a .dwo, what dwz moves into a file
# shared by programs, compressed sections, type units, DWARF 4. Without its file each says which.
# requires: command -v dwz
# expect: split 4: 3 seven 7 line 4 inlined
# expect: missing 4: HINT: debug information of ./split is in PARTS, which cannot be read; arg0, arg1, ... work without
# expect: type: stdin:1:36-46: ERROR: Cannot resolve unknown type "struct foo"
# expect: type: HINT: debug information of ./split is in PARTS, which cannot be read
# expect: lines remain: line 4
# expect: split 5: 3 seven 7 line 4 inlined
# expect: missing 5: HINT: debug information of ./split is in PARTS, which cannot be read; arg0, arg1, ... work without
# expect: type: stdin:1:36-46: ERROR: Cannot resolve unknown type "struct foo"
# expect: type: HINT: debug information of ./split is in PARTS, which cannot be read
# expect: lines remain: line 4
# expect: shared: 3 seven 59
# expect: shared, by id: 3 seven 59
# expect: not there: HINT: debug information of ./one is shared in both, which is not found; arg0, arg1, ... work without
# expect: -gz=zlib: 3 seven 7
# expect: -gz=zlib-gnu: 3 seven 7
# expect: -fdebug-types-section: 3 seven 7
# expect: none: stdin:1:28-32: ERROR: The arguments of uprobe:./bare:work are not known here
# expect: none: HINT: ./bare has no debug information (gcc -g, --debuginfo); arg0, arg1, ... work without
# expect: foreign: HINT: debug information says nothing of this function; arg0, arg1, ... work without
for i in $(seq 60); do echo "struct shared_$i { long number; struct shared_$i *next; char text[$i]; };"; done >shared.h
cat >work.c <<'C'
#include "shared.h"
struct foo { int a; char name[8]; };
static inline __attribute__((always_inline)) int inlined(struct foo *f, int n) {
	return f->a * n;
}
struct shared_59 shared;
__attribute__((noipa)) int work(struct foo *f, int n) { return inlined(f, n) + shared.text[0]; }
__asm__(".globl foreign\n.type foreign, @function\nforeign: nop\nret\n.size foreign, . - foreign\n");
void foreign(void);
int main(void) {
	struct foo f = {7, "seven"};
	foreign();
	return work(&f, 3) == 0;
}
C
run() {
	# shellcheck disable=SC2086
	skep -q $options -c "$1" -e "$2" 2>&1 | grep -v '^$'
}
options=
args='{ printf("%d %s %d", args.n, args.f->name, ((struct foo *)arg0)->a); }'
for version in 4 5; do
	gcc -gdwarf-$version -gsplit-dwarf -O1 -o split work.c || exit 2
	echo "split $version: $(run ./split "uprobe:./split:work $args") $(run ./split \
		'uprobe:./split@work.c:4 { printf("line 4\n%s\n", ustack(1)); }' |
		sed -n 's/^line 4$/&/p; s/.*\[\(inlined\)\].*/\1/p' | paste -sd' ')"
	mkdir parts && mv ./*.dwo parts/
	run ./split 'uprobe:./split:work { print(args.n); }' |
		sed -n "s/^HINT/missing $version: &/; s/in [^ ]*\.dwo,/in PARTS,/p"
	run ./split 'uprobe:./split:work { print(sizeof(struct foo)); }' |
		sed -n 's/in [^ ]*\.dwo,/in PARTS,/; /ERROR\|HINT/s/^/type: /p'
	echo "lines remain: $(run ./split 'uprobe:./split@work.c:4 { printf("line 4\n"); }')"
	rm -r parts
done
gcc -g -O1 -o one work.c && gcc -g -O1 -o two work.c && dwz -m both one two || exit 2
script='uprobe:./one:work { printf("%d %s %d", args.n, args.f->name, sizeof(((struct shared_59 *)0)->text)); }'
echo "shared: $(run ./one "$script")"
id=$(readelf -n both | sed -n 's/.*Build ID: //p')
first=$(echo "$id" | cut -c1-2) rest=$(echo "$id" | cut -c3-)
mkdir -p "store/.build-id/$first" && mv both "store/.build-id/$first/$rest.debug"
options="--debuginfo $PWD/store"
echo "shared, by id: $(run ./one "$script")"
options=
echo "not there: $(run ./one "$script" | sed -n '/^HINT/{p;q}')"
for option in -gz=zlib -gz=zlib-gnu -fdebug-types-section; do
	gcc -g -O1 $option -o packed work.c || exit 2
	echo "$option: $(run ./packed "uprobe:./packed:work $args")"
done
gcc -O1 -o bare work.c || exit 2
run ./bare 'uprobe:./bare:work { print(args.n); }' | sed -n '/ERROR\|HINT/s/^/none: /p'
run ./packed 'uprobe:./packed:foreign { print(args.n); }' | sed -n 's/^HINT/foreign: &/p'
exit 0
