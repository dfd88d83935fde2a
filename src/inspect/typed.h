/* A value by its BTF type, as JSON. */
#ifndef SKEP_INSPECT_TYPED_H
#define SKEP_INSPECT_TYPED_H

#include <stdbool.h>
#include <stdint.h>

struct btf;
struct json_writer;

/* The value of `type` at `bytes`, which are as many as the type has. Numbers that are written in
 * hexadecimal are strings, so that it is JSON (bpftool leaves the quotes of bit-fields out).
 * `is_formatted`: as beside raw bytes, where pointers are numbers and a character may be any. */
void print_typed(struct json_writer *j, const struct btf *btf, uint32_t type, const void *bytes,
                 bool is_formatted);
/* The same, formatted, of a struct_ops map, whose pointers to functions are numbers of programs. */
void print_typed_ops(struct json_writer *j, const struct btf *btf, uint32_t type,
                     const void *bytes);

#endif
