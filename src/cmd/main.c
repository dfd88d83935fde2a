/* skep: the first word decides who answers. */
#include "cmd/trace.h"

int main(int argc, char **argv)
{
	return cmd_trace(argc, argv);
}
