/* Something to aim user space probes at: `target N` calls target_step 0 to N-1. */
#include <stdio.h>
#include <stdlib.h>

int target_step(int n);

int target_step(int n)
{
	return n * 2;
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 1;
	int sum = 0;

	for (int i = 0; i < count; i++)
		sum += target_step(i);
	return sum < 0;
}
