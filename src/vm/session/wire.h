/* Bytes over a session's socket: all of them, or -1 and errno (EPIPE: the other side has ended). */
#ifndef SKEP_VM_SESSION_WIRE_H
#define SKEP_VM_SESSION_WIRE_H

#include <stddef.h>

int wire_send(int fd, const void *bytes, size_t n_b);
int wire_receive(int fd, void *bytes, size_t n_b);

#endif
