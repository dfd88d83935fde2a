/* What passes for a kernel's image: one function that kernels have, larger than theirs. */
__asm__(".text\n.globl do_syscall_64\n.type do_syscall_64, %function\ndo_syscall_64:\n"
        ".skip 200000\n.size do_syscall_64, 200000\n");

int main(void)
{
	return 0;
}
