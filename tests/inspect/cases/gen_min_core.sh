# timeout: 60
# BTF cut down to what relocations ask for: as bpftool's, and enough for libbpf to load the object with it.
object=$(dirname "$(command -v target)")/relocations.bpf.o
[ -e "$object" ] || { echo "there is no compiler for BPF"; exit 77; }
ln -s "$(command -v skep)" bpftool
cp "$object" "$(dirname "$object")/core.bpf.o" .
file=/sys/kernel/btf/vmlinux
beside <<END || exit
gen min_core_btf $file min@.btf relocations.bpf.o core.bpf.o
gen min_core_btf $file one@.btf relocations.bpf.o
gen min_core_btf min@.btf again@.btf core.bpf.o
END
types() { /usr/sbin/bpftool btf dump file "$1"; }
for name in min one again; do
	types ${name}1.btf >ours && types ${name}2.btf >theirs && [ -s ours ] && diff ours theirs || exit
done
[ "$(./bpftool -j gen min_core_btf $file out.btf relocations.bpf.o)" = null ] || exit
trap 'rm -f /sys/fs/bpf/gen_min_core' EXIT
./bpftool prog load relocations.bpf.o /sys/fs/bpf/gen_min_core kernel_btf one1.btf || exit
# BTF in an ELF file, in objects that use little of it.
./bpftool gen min_core_btf relocations.bpf.o own.btf relocations.bpf.o && types own.btf | grep -q "'real_parent'" || exit
refused() { # STATUS MESSAGE LINE...
	left=$1 message=$2
	shift 2
	./bpftool "$@" >out 2>err
	[ $? = "$left" ] && grep -qxF "Error: $message" err || { echo "$*:"; head -n 3 out err; exit 1; }
}
refused 255 "'min_core_btf' needs at least 3 arguments, 2 found" gen min_core_btf a b
refused 254 "failed parsing '/nowhere' BTF file: No such file or directory" gen min_core_btf /nowhere out.btf core.bpf.o
refused 254 "failed to parse BPF object '/nowhere': No such file or directory" gen min_core_btf $file out.btf /nowhere
refused 254 'error saving btf file: No such file or directory' gen min_core_btf $file /nowhere/out.btf core.bpf.o
./bpftool gen min_core_btf $file out.btf /etc/passwd 2>&1 | grep -q "^Error: failed to parse BPF object '/etc/passwd': " || exit
head -c 3000 relocations.bpf.o >short.o
./bpftool gen min_core_btf $file out.btf short.o 2>&1 | grep -q "^Error: failed to parse BPF object 'short.o': "
