/* How bpftool calls types of programs, maps, links and attachments: libbpf's names, and behind them
 * those of kernels that are newer than the library. NULL for a number that has no name yet. */
#ifndef SKEP_INSPECT_NAMES_H
#define SKEP_INSPECT_NAMES_H

#include <stdint.h>

const char *prog_type_name(uint32_t type);
const char *map_type_name(uint32_t type);
const char *link_type_name(uint32_t type);
const char *attach_type_name(uint32_t type);

#endif
