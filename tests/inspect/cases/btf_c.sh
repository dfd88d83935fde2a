# timeout: 60
# BTF as a C header: the kernel's types are those of bpftool 7.1, which compilers take, and each has its size.
ln -s "$(command -v skep)" bpftool
file=/sys/kernel/btf/vmlinux
types() { # what both print: without the head and functions of newer versions, and what fits an enumeration to a byte
	sed -e '/^#ifndef BPF_NO_KFUNC_PROTOTYPES$/,/^$/d' -e '/^#ifndef __weak$/,/^#endif$/d' \
		-e '/^#ifndef __bpf_fastcall$/,/^$/d' -e '/^\/\* BPF kfuncs/d' -e 's/ __attribute__((mode(byte)))//' \
		-e '/^$/d' "$1"
}
./bpftool btf dump file $file format c unsorted >unsorted.h || exit
/usr/sbin/bpftool btf dump file $file format c >theirs.h
types unsorted.h >1
types theirs.h >2
diff 1 2 | head -n 40 >differs
[ -s differs ] && { cat differs; exit 1; }
./bpftool btf dump file $file format c >vmlinux.h || exit
# The same definitions in another order, that of their names.
definitions() { grep -c '^struct .* {\|^union .* {\|^enum .* {\|^typedef ' "$1"; }
[ "$(definitions vmlinux.h)" = "$(definitions unsorted.h)" ] || { definitions vmlinux.h; definitions unsorted.h; exit 1; }
grep -o '^enum [A-Za-z0-9_]* {' vmlinux.h | LC_ALL=C sort -c || exit
# The size of each that has a name of its own.
./bpftool -j btf dump file $file | python3 -c '
import json, sys
seen, names = {}, set()
for t in json.load(sys.stdin)["types"]:
    if t["kind"] in ("STRUCT", "UNION", "FWD", "ENUM", "ENUM64") and t["name"] != "(anon)":
        seen.setdefault(t["name"], []).append(t)
print("#include \"vmlinux.h\"")
for name, types in seen.items():
    # Lists of arguments are as large as the machine compiled for has them.
    if len(types) == 1 and types[0]["kind"] in ("STRUCT", "UNION") and name != "warn_args":
        print("_Static_assert(sizeof(%s %s) == %d, \"%s\");" % (types[0]["kind"].lower(), name,
              types[0]["size"], name))' >sizes.c
[ "$(wc -l <sizes.c)" -gt 1000 ] || { wc -l sizes.c; exit 1; }
gcc -w -c sizes.c -o sizes.o || exit
clang-19 -w -O2 --target=bpf -c sizes.c -o sizes.bpf.o || exit
# The functions are there, and can be left out.
grep -q '^extern void bpf_rcu_read_lock(void) __weak __ksym;$' vmlinux.h || exit
gcc -w -DBPF_NO_KFUNC_PROTOTYPES -DBPF_NO_PRESERVE_ACCESS_INDEX -c sizes.c -o sizes.o
