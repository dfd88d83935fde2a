# Files that are no objects, or none for BPF.
elf() { # CLASS DATA TYPE MACHINE: a header and nothing else
	printf '\177ELF'"$1$2"'\1\0\0\0\0\0\0\0\0\0'"$3"'\0'"$4"'\0\1\0\0\0'
	head -c 40 /dev/zero
}
echo 'begin { }' >text.bpf.o
: >empty.bpf.o
elf '\2' '\1' '\1' '\76' >machine.bpf.o
elf '\2' '\2' '\1' '\367' >endian.bpf.o
elf '\1' '\1' '\1' '\367' >class.bpf.o
elf '\2' '\1' '\2' '\367' >linked.bpf.o
elf '\2' '\1' '\1' '\367' >cut.bpf.o
elf '\2' '\1' '\1' '\367' >open.bpf.o
chmod o+w open.bpf.o
cat >main.bt <<'END'
import "text.bpf.o";
import "empty.bpf.o";
import "machine.bpf.o";
import "endian.bpf.o";
import "class.bpf.o";
import "linked.bpf.o";
import "cut.bpf.o";
begin { }
END
skep --dry-run main.bt 2>err && exit 1
fail=0
while read -r line; do
	grep -qFx "$line" err || { echo "missing: $line"; fail=1; }
done <<'END'
main.bt:1:8-20: ERROR: Cannot import "text.bpf.o": offset 0: 10 bytes are too few for an ELF header
main.bt:2:8-21: ERROR: Cannot import "empty.bpf.o": offset 0: 0 bytes are too few for an ELF header
main.bt:3:8-23: ERROR: Cannot import "machine.bpf.o": offset 18: not for BPF (machine 62)
main.bt:4:8-22: ERROR: Cannot import "endian.bpf.o": offset 5: not a little-endian ELF file
main.bt:5:8-21: ERROR: Cannot import "class.bpf.o": offset 4: not a 64-bit ELF file
main.bt:6:8-22: ERROR: Cannot import "linked.bpf.o": offset 16: not a relocatable object (type 2)
main.bt:7:8-19: ERROR: Cannot import "cut.bpf.o": offset 58: section headers of 0 bytes, not 64
END
skep --dry-run -e 'import "open.bpf.o"; begin { }' 2>err && exit 1
grep -q 'ERROR: Cannot import "open.bpf.o": everybody may write to it$' err || { cat err; fail=1; }
head -c 100 /dev/zero >zero.bpf.o
skep --dry-run -e 'import "zero.bpf.o"; begin { }' 2>err && exit 1
grep -q 'ERROR: Cannot import "zero.bpf.o": offset 0: not an ELF file$' err || { cat err; fail=1; }
[ $fail = 0 ] || cat err
exit $fail
