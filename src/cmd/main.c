/* skep: the first word decides who answers. */
#include <stdio.h>

int main(void)
{
	fprintf(stderr, "skep " SKEP_VERSION "\n");
	return 1;
}
