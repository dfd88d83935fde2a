/* How whoever inspects a session of this machine asks the process that runs it.
 *
 * A session listens on a Unix socket of the abstract name "\0skep-vm/PID", which is gone with the
 * process, whatever ends it. A connection carries questions and answers in turn, in this machine's
 * byte order; it is about one object once that has been opened, as a descriptor is in the kernel.
 * Only the session's own user and root are answered (SO_PEERCRED). */
#ifndef SKEP_VM_SESSION_PROTOCOL_H
#define SKEP_VM_SESSION_PROTOCOL_H

#include <stdint.h>

#define VM_SESSION_NAME "skep-vm/%d"

enum vm_served_kind { VM_SERVED_PROGRAM, VM_SERVED_MAP, VM_SERVED_BTF };

enum vm_ask {
	VM_ASK_NEXT,     /* answer: the kind's next id behind `id`, 4 bytes, or -ENOENT */
	VM_ASK_OPEN,     /* this connection is about object `id` from now on */
	VM_ASK_INFO,     /* programs: struct bpf_prog_info and its arrays; maps: struct bpf_map_info
	                  */
	VM_ASK_FROZEN,   /* 1 byte */
	VM_ASK_TYPES,    /* the BTF itself */
	VM_ASK_LOOKUP,   /* key; answer: the value, of all CPUs */
	VM_ASK_NEXT_KEY, /* key, or none; answer: a key */
	VM_ASK_UPDATE,   /* key and value, `flags` */
	VM_ASK_DELETE,   /* key */
	VM_ASK_TAKE,     /* key; answer: the value, which is in the map no more */
	VM_ASK_FREEZE,
};

enum { VM_ASK_MOST_B = 64 << 20 };

/* Then key_b bytes of key and value_b of value. */
struct vm_question {
	uint32_t ask, kind, id, key_b, value_b, zero;
	uint64_t flags;
};

/* Then size_b bytes. */
struct vm_answer {
	int32_t err; /* 0 or -errno */
	uint32_t size_b;
};

/* The arrays behind a struct bpf_prog_info, in this order, each as long as its count says: xlated
 * instructions, machine code, map ids, machine code's symbols and lengths of functions, func_info,
 * line_info, and the machine code's address of each line. */

#endif
