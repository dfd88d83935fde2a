/* Telling those who started us that the probes are attached. */
#ifndef SKEP_SESSION_NOTIFY_H
#define SKEP_SESSION_NOTIFY_H

/* A test harness that sets __BPFTRACE_NOTIFY_PROBES_ATTACHED reads that word from stdout; systemd
 * gives a socket in NOTIFY_SOCKET. Does nothing if neither is there. */
void notify_attached(void);

#endif
