# timeout: 60
# Skeletons are compiled and run; their members are those of bpftool's. Objects are linked.
object=$(dirname "$(command -v target)")/skel.bpf.o
[ -e "$object" ] || { echo "there is no compiler for BPF"; exit 77; }
ln -s "$(command -v skep)" bpftool
cp "$object" skel.bpf.o
./bpftool gen skeleton skel.bpf.o >skel.h && ./bpftool -L gen skeleton skel.bpf.o name light >light.h || exit
/usr/sbin/bpftool gen skeleton skel.bpf.o >theirs.h
for file in skel.h theirs.h; do
	sed -n '/^struct skel_bpf {/,/^};/p' $file >$file.struct
done
diff skel.h.struct theirs.h.struct || exit
/usr/sbin/bpftool -L gen skeleton skel.bpf.o name light >theirs.h
for file in light.h theirs.h; do
	sed -n '/^struct light {/,/^};/p' $file >$file.struct
done
diff light.h.struct theirs.h.struct || exit
# A part of a larger object.
./bpftool gen subskeleton skel.bpf.o name lib >lib.h && /usr/sbin/bpftool gen subskeleton skel.bpf.o name lib >theirs.h || exit
for file in lib.h theirs.h; do
	sed -n '/^struct lib {/,/^};/p' $file >$file.struct
done
diff lib.h.struct theirs.h.struct || exit
works() { # WHAT COMMAND...
	what=$1
	shift
	"$@" -o use || exit
	[ "$(./use 2>&1)" = works ] || { echo "$what:"; ./use; exit 1; }
}
works 'C, libbpf' gcc -Wall -Wextra -Werror -I. -x c "$DIR/gen_skeleton.inc" -lbpf
works 'C++, libbpf' g++ -Wall -Werror -I. -x c++ "$DIR/gen_skeleton.inc" -lbpf
works 'C, light' gcc -Wall -Wextra -Werror -DLIGHT -I. -x c "$DIR/gen_skeleton.inc"
works 'C++, light' g++ -Wall -Werror -DLIGHT -I. -x c++ "$DIR/gen_skeleton.inc"

cp "$(dirname "$object")/maps.bpf.o" .
beside -e '/^Usage:/,$d' <<'END' || exit
gen object out@.o skel.bpf.o maps.bpf.o
gen object
gen object only.o
gen object out.o /nowhere
-j gen object out.o /nowhere
gen object /nowhere/o skel.bpf.o
gen skeleton
gen skeleton /nowhere
gen skeleton /etc/passwd
gen skeleton skel.bpf.o foo
gen subskeleton
gen subskeleton /nowhere
gen subskeleton skel.bpf.o foo x
gen skeleton skel.bpf.o name
gen skeleton skel.bpf.o foo x
gen skeleton skel.bpf.o name a name b
gen
gen foo
gen help
END
[ "$(./bpftool -j gen object out.o skel.bpf.o)" = null ] || exit
./bpftool gen object both.o skel.bpf.o maps.bpf.o && /usr/sbin/bpftool gen object theirs.o skel.bpf.o maps.bpf.o || exit
cmp both.o theirs.o || exit
./bpftool gen skeleton both.o name both | grep -q '^		struct bpf_map \*recent;$' || exit
./bpftool gen skeleton skel.bpf.o name '' 2>&1 | grep -qx 'Error: the name of an object can not be empty' || exit
# Names in files that would become a part of the program's text.
sed 's/\x00leave\x00/\x00l";ve\x00/g' skel.bpf.o >bad.o
cmp -s bad.o skel.bpf.o || { ./bpftool gen skeleton bad.o 2>&1 | grep -qF "Error: the name of a program is not C: 'l\";ve'" || {
	./bpftool gen skeleton bad.o 2>&1 | tail -n 2; exit 1; }; }
