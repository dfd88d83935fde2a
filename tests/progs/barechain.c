/* See chain.c; built without frame pointers. */
#include "chain.c"
