/* Keys and values: bytes as words on a command line, and as bpftool prints them. */
#ifndef SKEP_INSPECT_MAP_DATA_H
#define SKEP_INSPECT_MAP_DATA_H

#include <linux/bpf.h>

#include "inspect/internal.h"

struct btf;

/* A map that is open, with room for one key and one value. */
struct open_map {
	int fd;
	struct bpf_map_info info;
	bool is_per_cpu, is_of_maps, is_of_progs;
	uint32_t n_cpus;   /* possible ones; 1 unless it is per CPU */
	uint32_t stride_b; /* from one CPU's value to the next */
	uint32_t value_b;  /* of all CPUs */
	unsigned char *key, *value;
	struct btf *btf; /* NULL: nobody knows their types */
	uint32_t key_type, value_type;
};

/* The map that the words mean; false: reported. With its types if `wants_types`. */
bool map_open(struct inspect *x, struct words *w, bool wants_types, struct open_map *ret);
int map_open_fd(struct inspect *x, int fd, bool wants_types, struct open_map *ret);
void map_forget_types(struct open_map *m); /* what a descriptor that stays open leaves */
void map_close(struct open_map *m);

/* What is behind `key` or `value`: so many bytes, `hex` in front of them or not. 0 or negative. */
int parse_bytes(struct inspect *x, struct words *w, const char *what, unsigned char *to,
                uint32_t n_b);
/* Rows of sixteen, two blanks in the middle. */
void print_hex(const unsigned char *bytes, uint32_t n_b);

/* Around entries: plain output of types is JSON as well, indented. */
void map_typed_begin(struct inspect *x, const struct open_map *m);
void map_typed_end(struct inspect *x, const struct open_map *m);
/* One entry, as the map's kind and the output ask. */
void print_entry(struct inspect *x, struct open_map *m);
/* Where the value cannot be had. */
void print_no_entry(struct inspect *x, struct open_map *m, int err);

#endif
