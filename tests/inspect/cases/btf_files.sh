# timeout: 60
# Files of BTF: split from a base, several at once, in ELF files; and those that were made to harm.
ln -s "$(command -v skep)" bpftool
mkbtf base.btf <<'END' || exit
int int 4 1
struct task 8 pid:1:0 tgid:1:32
END
mkbtf --base base.btf one.btf <<'END' || exit
ptr - 2
struct one 16 task:3:0 common:5:64
struct common 8 n:1:0
END
mkbtf --base base.btf two.btf <<'END' || exit
struct common 8 n:1:0
struct two 16 c:3:0 t:5:64
ptr - 2
END
beside <<'END' || exit
-B base.btf btf dump file one.btf
-B base.btf -j btf dump file two.btf
--base-btf base.btf btf dump file two.btf format raw
END
./bpftool -B base.btf btf dump file one.btf format c unsorted >one.h || exit
[ "$(grep '^struct' one.h | tr -d '\n')" = 'struct task {struct common {struct one {' ] || { cat one.h; exit 1; }
# What two have in common is there once.
./bpftool -B base.btf btf dump file one.btf file two.btf >both || exit
[ "$(grep -c "STRUCT 'common'" both) $(grep -c PTR both) $(grep -c "STRUCT 'two'" both)" = '1 1 1' ] || { cat both; exit 1; }
./bpftool -B base.btf btf dump file one.btf file two.btf format c >both.h || exit
gcc -w -x c -c both.h -o both.o && [ "$(grep -c '^struct .* {' both.h)" = 4 ] || { cat both.h; exit 1; }
# Files without a base.
sh "$DIR/btf_all.inc" all.btf || exit
[ "$(./bpftool btf dump file all.btf file base.btf | grep -c "STRUCT 'task'\|UNION 'U'")" = 2 ] || exit
object=$(dirname "$(command -v target)")/skel.bpf.o
if [ -e "$object" ]; then
	beside "btf dump file $object" && beside "-j btf dump file $object" || exit
	./bpftool btf dump file "$object" format c | grep -q '^struct pair {$' || exit
	llvm-objcopy --dump-section .BTF=raw.btf "$object" /dev/null 2>/dev/null && { beside btf dump file raw.btf || exit; }
fi
refused() { # MESSAGE LINE...
	message=$1
	shift
	timeout 20 ./bpftool "$@" >out 2>err
	left=$?
	[ $left -gt 0 ] && [ $left != 124 ] && [ $left -lt 128 -o $left -gt 140 ] && tail -n 1 err | grep -qF "Error: $message" ||
		{ echo "$*: status $left"; head -n 3 out err; exit 1; }
}
head -c 100 all.btf >short.btf
refused 'failed to load BTF from short.btf: Invalid argument' btf dump file short.btf
refused 'failed to load BTF from short.btf: Invalid argument' -B base.btf btf dump file two.btf file short.btf
as_c() { # WHY, types on standard input: listed as they are, refused as C
	mkbtf bad.btf || exit
	./bpftool btf dump file bad.btf >/dev/null || { echo "raw: $1"; exit 1; }
	refused "the types can not be written as C: $1" btf dump file bad.btf format c unsorted
}
as_c 'there is no type 9, which another refers to' <<'END'
struct s 4 x:9:0
END
as_c 'type 1 contains itself' <<'END'
struct s 4 x:1:0
END
as_c 'types are nested more than 1024 deep' <<'END'
const - 2
const - 1
END
as_c 'types are nested more than 1024 deep' <<'END'
typedef a 2
typedef b 1
END
as_c 'type 1 can not be a part of a declaration' <<'END'
func f 2 0
proto 0 a:1
typedef t 2
END
as_c 'type 2 contains itself' <<'END'
ptr - 2
struct - 8 p:3:0
typedef self 1
struct s 8 q:2:0
END
{
	echo 'int int 4 1'
	for n in $(seq 1 40); do echo "proto $n a:$n b:$n"; done
	echo 'typedef t 41'
} | as_c 'types refer to each other without end'
mkbtf loop.btf <<'END'
ptr - 1
typedef t 1
END
refused 'the types can not be written as C: ' btf dump file loop.btf format c
