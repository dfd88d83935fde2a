#include <stdio.h>
int main(void)
{
	return printf("a unit of its own\n") != 18;
}
