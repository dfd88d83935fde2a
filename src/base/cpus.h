/* Which CPUs there are. */
#ifndef SKEP_BASE_CPUS_H
#define SKEP_BASE_CPUS_H

#include <stdint.h>

/* How many values a per-CPU map has for a key: the highest possible CPU's number plus one. */
uint32_t cpus_possible(void);
/* Numbers of the online CPUs, malloc'ed into *ret; returns how many, at least 1. */
uint32_t cpus_online(int **ret);

#endif
