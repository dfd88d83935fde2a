/* The names of helpers as numbers: H_map_lookup_elem ... */
#ifndef SKEP_VM_NUMBERS_H
#define SKEP_VM_NUMBERS_H

enum {
#define HELPER(id, name, ...) H_##name = id,
#define VARIANT(...)
#include "bpf/helpers.def"
#undef HELPER
#undef VARIANT
};

#endif
