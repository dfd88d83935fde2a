# Exit statuses: 1 the program is no good, 2 it could not be looked at.
# expect: none 2
# expect: unknown 2
# expect: usage 2
# expect: missing 2
# expect: half 1
# expect: binary 1
# expect: full 2
# expect: help 0
# expect: word 0
# expect-re: ^    skep vm asm \[-o FILE\] FILE\|-$
# expect-err-re: ^ERROR: 'skep vm' has no word 'nothing'$
# expect-err-re: ^ERROR: needs one file$
# expect-err-re: ^USAGE: skep vm asm \[-o FILE\] FILE\|-$
# expect-err-re: ^ERROR: cannot read none\.s: No such file or directory$
# expect-err-re: ^ERROR: -: 9 bytes are not a whole number of instructions of 8$
# expect-err-re: ^stdin:1:5-6: ERROR: unexpected byte 0x00$
# expect-err-re: ^ERROR: cannot write /dev/full: No space left on device$
skep vm; echo none $?
skep vm nothing; echo unknown $?
skep vm asm; echo usage $?
skep vm asm none.s; echo missing $?
printf 123456789 | skep vm disasm -; echo half $?
printf 'exit\0' | skep vm asm -; echo binary $?
echo exit | skep vm asm -o /dev/full -; echo full $?
skep vm --help >help; echo help $?
skep vm asm --help >word; echo word $?
cat help
[ "$(wc -l <word)" -eq 3 ]
