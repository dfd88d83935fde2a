# What compilers write for arguments on x86-64: registers of every width, sign and constant, memory by
# base, index and scale, by symbols; at its address in the file and elsewhere. Probes on one place run in
# the order of the script.
# requires: [ "$(uname -m)" = x86_64 ]
# expect: regs64 -8613303245920329199 -506664896818842895 -16 4294967281 -8 -9 -10 -11 -12 -13 -14 -15
# expect: regs32 1144201745 -185339151 2240186248 353797912 -16 -15 -8 4294967287 -15
# expect: regs16 8721 -3343 34696 -30840 -30952 -16 65521 -8 65527
# expect: regs8 17 17 34 -14 135 -121 -121 24 240 -15 -8 247 -15
# expect: other 1144201745 -185339151 2240186248 -2054781048 17 -30840
# expect: memory -11 22 -33 -33 245 -11 65525 -11
# expect: symbols -11 22 -33 60002 -5535 44 -11
# expect: constants 5 -5 4294967295 -1 -1 255 -1 65535 -1 -128 9223372036854775807 255
# expect: index -33 44 -11 22 -11
# expect: refused
cat >p.c <<'C'
long table[4] = {-11, 22, -33, 44};
__attribute__((used)) static unsigned short words[4] = {60001, 60002, 60003, 60004};
#define NOTE(name, args) \
	".pushsection .note.stapsdt,\"\",\"note\"\n .balign 4\n .4byte 992f-991f,994f-993f,3\n" \
	"991: .asciz \"stapsdt\"\n992: .balign 4\n993: .8byte 990b, _.stapsdt.base, 0\n" \
	".asciz \"p\"\n .asciz \"" name "\"\n .asciz \"" args "\"\n994: .balign 4\n .popsection\n"
#define SET(reg, value) "movabs $" value ", %" reg "\n"
__asm__(".pushsection .stapsdt.base,\"aG\",\"progbits\",.stapsdt.base,comdat\n"
	".weak _.stapsdt.base\n.hidden _.stapsdt.base\n_.stapsdt.base: .space 1\n.size _.stapsdt.base,1\n.popsection\n"
	".text\n.globl probed\nprobed:\n push %rbp\n push %rbx\n push %r12\n push %r13\n push %r14\n push %r15\n"
	SET("rax", "0x8877665544332211") SET("rbx", "0xf8f7f6f5f4f3f2f1") SET("rcx", "0x0102030485868788")
	SET("rdx", "0x1112131415168718") SET("rsi", "-16") SET("rdi", "0xfffffff1") SET("r8", "-8") SET("r9", "-9")
	SET("r10", "-10") SET("r11", "-11") SET("r12", "-12") SET("r13", "-13") SET("r14", "-14") SET("r15", "-15")
	"lea table(%rip), %rbp\n"
	"990: nop\n"
	NOTE("regs64", "8@%rax -8@%rbx -8@%rsi 8@%rdi -8@%r8 -8@%r9 -8@%r10 -8@%r11 -8@%r12 -8@%r13 -8@%r14 -8@%r15")
	NOTE("regs32", "4@%eax -4@%ebx 4@%ecx -4@%edx -4@%esi -4@%edi -4@%r8d 4@%r9d -4@%r15d")
	NOTE("regs16", "2@%ax -2@%bx 2@%cx -2@%cx -2@%dx -2@%si 2@%di -2@%r8w 2@%r9w")
	NOTE("regs8", "1@%al -1@%al 1@%ah -1@%bh 1@%ch -1@%ch -1@%dh 1@%dl 1@%sil -1@%dil -1@%r8b 1@%r9b -1@%r15b")
	NOTE("other", "8@%eax -8@%ebx 4@%rcx -4@%rcx 1@%rax -2@%ecx")
	NOTE("memory", "-8@(%rbp) 8@8(%rbp) -8@0x10(%rbp) -4@16(%rbp) 1@(%rbp) -1@(%rbp) 2@(%rbp) -2@(%rbp)")
	NOTE("symbols", "-8@table(%rip) -8@table+8(%rip) -8@16+table(%rip) 2@words+2(%rip) -2@words(%rip) "
			"-8@table+32-8(%rip) -8@table")
	NOTE("constants", "4@$5 -4@$-5 4@$-1 8@$-1 -8@$-1 1@$255 -1@$255 2@$0xffff -2@$0xffff -1@$-128 "
			  "8@$0x7fffffffffffffff 1@$0x1ff")
	SET("rax", "2") SET("rbx", "-1")
	"990: nop\n"
	NOTE("index", "-8@(%rbp,%rax,8) -8@8(%rbp,%rax,8) -8@8(%rbp,%rbx,8) -8@(%rbp,%rax,4) -2@-2(%rbp,%rax)")
	NOTE("bad", "8@%xmm0 -8f@%xmm1 8@%fs:8 3@%rax 8@nosuch(%rip)")
	"pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbx\n pop %rbp\n ret\n");
void probed(void);
int main(void) { probed(); return 0; }
C
"${CC:-cc}" -no-pie -o fixed p.c && "${CC:-cc}" -fPIE -pie -o moved p.c || exit 2
probe() { # NAME COUNT
	awk -v n="$2" -v name="$1" -v file="$file" 'BEGIN {
		for (i = 0; i < n; i++) { f = f " %lld"; a = a ", arg" i }
		printf "usdt:%s:%s { printf(\"%s%s\\n\"%s); }\n", file, name, name, f, a
	}'
}
for file in ./fixed ./moved; do
	{
		probe regs64 12; probe regs32 9; probe regs16 9; probe regs8 13; probe other 6
		probe memory 8; probe symbols 7; probe constants 12; probe index 5
	} >all.bt
	skep -q -c $file all.bt >$file.out || exit
done
cat moved.out
cmp moved.out fixed.out || exit
i=0
for why in 'its register is none that can be read' 'it is a floating-point number' \
	'it is in a segment of its own (thread-local memory)' 'its size is none of 1, 2, 4 and 8' \
	"its symbol is not in the file's table"; do
	skep -c ./moved -e "usdt:./moved:bad { @ = arg$i; }" 2>&1 |
		grep -qF "ERROR: arg$i of usdt:./moved:p:bad cannot be read: $why" || { echo "arg$i: not $why"; exit 1; }
	i=$((i + 1))
done
skep -c ./moved -e 'usdt:./moved:bad { @ = arg5; }' 2>&1 | grep -q 'has 5 arguments, there is no arg5$' && echo refused
