/* What the driver can do over and over. */
#ifndef BENCH_DRIVER_CALLS_H
#define BENCH_DRIVER_CALLS_H

#include <stdint.h>

typedef void once_fn(uint64_t i); /* the i-th time */

/* By name; NULL: none of that name. The first time of some makes what they need. */
once_fn *call_find(const char *name);
/* getpgid(i) from one of 8192 places in the code. */
void call_from_somewhere(uint64_t i);

#endif
