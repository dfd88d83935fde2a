/* A library without frame pointers between a program's function and its callee. */
void libbare_call(void (*fn)(const char *), const char *arg);

void libbare_call(void (*fn)(const char *), const char *arg)
{
	volatile char room[100] = {0};

	fn(arg);
	__asm__ volatile("" : : "r"(room) : "memory");
}
