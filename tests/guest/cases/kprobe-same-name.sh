# A name that the kernel has twice: load_elf_binary of native and of 32-bit programs. Both are meant.
# timeout: 180
# expect: two
# expect: perf events
# expect: many
# expect: return
# expect: offset
# expect: mistake
set -e
# An i386 program: mov $1, %eax; xor %ebx, %ebx; int $0x80
{
	printf '\177ELF\1\1\1\0\0\0\0\0\0\0\0\0\2\0\3\0\1\0\0\0\124\200\4\10\64\0\0\0\0\0\0\0\0\0\0\0\64\0\40\0\1\0\0\0\0\0\0\0'
	printf '\1\0\0\0\0\0\0\0\0\200\4\10\0\200\4\10\135\0\0\0\135\0\0\0\5\0\0\0\0\20\0\0'
	printf '\270\1\0\0\0\61\333\315\200'
} >old
chmod +x old
./old
[ "$(grep -c ' load_elf_binary$' /proc/kallsyms)" = 2 ]
run='./old'
probe='kprobe:load_elf_binary'
places() { [ "$(grep -c '^@\[[0-9]' "$1")" = 2 ] || { cat "$1"; exit 1; }; }
skep -c "$run" -e "$probe { @[reg(\"ip\")] = count(); }" >out 2>err
grep -qx 'Attached 1 probe' err
places out && echo two
skep -c "$run" --no-feature kprobe_multi -e "$probe { @[reg(\"ip\")] = count(); }" >out
places out && echo perf events
few=$(skep -l 'kprobe:vfs_*' | head -n 20 | tr '\n' ',')
skep -c "$run" -e "$few kprobe:ksys_read { @n = 1; } $probe { @[reg(\"ip\")] = count(); }" >out
places out && echo many
# Entered twice, and left twice: the first one does not take it.
skep -c "$run" -e "$probe { @in = count(); } kretprobe:load_elf_binary { @out = count(); }
	kretprobe:load_elf_binary /retval != 0/ { @refused = count(); }" >out
[ "$(sed -n 's/^@in: //p' out)" = "$(sed -n 's/^@out: //p' out)" ] && grep -q '^@refused: [1-9]' out && echo return
# Inside of one of the two: by address.
skep -e "$probe+5 { }" 2>err && exit 1
grep -q "^stdin:1:1-25: ERROR: Offset not allowed: 'load_elf_binary' stands for 2 functions$" err
hint=$(sed -n 's/^HINT: by address, with --unsafe: //p' err)
for place in ${hint% or *} ${hint#* or }; do
	printf '%d\n' $((${place#kprobe:} - 5))
done | sort >got
grep ' load_elf_binary$' /proc/kallsyms | while read -r address rest; do printf '%d\n' $((0x$address)); done | sort >want
cmp got want && echo offset
skep -e 'kprobe:load_elf_binarx { }' 2>&1 | grep -q 'did you mean kprobe:load_elf_binary?' && echo mistake
