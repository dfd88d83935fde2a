/* The floor: what a person would write by hand for one question, against libbpf's lowest calls.
 * Every figure of skep and bpftrace is compared with one of these. */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "asm.h"

/* How a tracepoint of system calls is reached: through perf, or with one typed raw tracepoint
 * that looks at the number itself. */
enum way { WAY_PERF, WAY_RAW };

/* ---- attach.c ---------------------------------------------------------------------------------- */

/* All of these end the program with a message when the kernel refuses. */
int map_make(uint32_t type, uint32_t key_b, uint32_t value_b, uint32_t n);
int program_load(uint32_t type, const char *btf_tracepoint, const struct code *c);
void attach_tracepoint(const char *name, int prog); /* "syscalls/sys_enter_getppid" */
void attach_raw(int prog);
void die(const char *what);

/* A program for a system call's entry or exit. begin() starts it: r6 is the context, and a raw one
 * leaves at once when the call is another. end() finishes, loads and attaches it. */
struct probe {
	struct code c;
	const char *call; /* "getppid" */
	bool is_exit;
	enum way way;
	int out[8], n_out; /* jumps to the end */
};
void probe_begin(struct probe *p, enum way way, const char *call, int nr, bool is_exit);
void probe_leave_if(struct probe *p, int op, int reg, int32_t imm);
void probe_filter_pid(struct probe *p, pid_t pid);
void probe_arg(struct probe *p, int dst, int number); /* an argument; of an exit, the result */
void probe_end(struct probe *p);

/* ---- loop.c ------------------------------------------------------------------------------------ */

/* The ring's consumer: `print` gets one record. */
typedef void (*print_fn)(const void *record, size_t len_b);
enum { RING_B = 16 << 20 };

void catch_signals(void);
/* Until SIGINT: empty the ring each millisecond, or just wait if there is none (-1). */
void run_until_signal(int ring_map, print_fn print);
/* out() collects what is printed; flushed when full and by flush_out(). */
void out(const char *format, ...) __attribute__((format(printf, 1, 2)));
void flush_out(void);

/* ---- the questions, each a main of its own ----------------------------------------------------- */

int floor_begin(enum way way, int argc, char **argv);
int floor_six(enum way way, int argc, char **argv);
int floor_calls(enum way way, int argc, char **argv);
int floor_count(enum way way, int argc, char **argv);
int floor_comm(enum way way, int argc, char **argv);
int floor_hist(enum way way, int argc, char **argv);
int floor_filter(enum way way, int argc, char **argv);
int floor_opens(enum way way, int argc, char **argv);
int floor_kstack(enum way way, int argc, char **argv);
int floor_printf(enum way way, int argc, char **argv);
int floor_keys(enum way way, int argc, char **argv);
int floor_list(enum way way, int argc, char **argv);
int floor_profile(enum way way, int argc, char **argv);

/* Building blocks that several of them use. */
void emit_count_slot(struct code *c, int array, int slot);   /* per-CPU array[slot]++ */
void emit_count_key(struct code *c, int hash, int key_off);  /* per-CPU hash[fp + key_off]++ */
void emit_hist(struct code *c, int array);                   /* r7: the value; per-CPU buckets */
uint64_t sum_cpus(const uint64_t *values);                   /* of one per-CPU value */
int n_cpus(void);
void print_hist(const char *name, int array);

enum { HIST_BUCKETS = 66 };

#endif
