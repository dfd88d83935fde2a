/* The packet of a run, as its context has it. */
#ifndef SKEP_VM_PACKET_H
#define SKEP_VM_PACKET_H

#include <stdbool.h>
#include <stdint.h>

struct vm_run;

struct vm_packet {
	unsigned char *data, *end;
};

/* False: this kind of program has no packet. */
bool vm_packet_of(struct vm_run *run, uint64_t context, struct vm_packet *ret);

#endif
