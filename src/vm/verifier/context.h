/* What each kind of program finds in its context and may do with it, and what else depends on the
 * kind: which helpers it may call, what it may return. Data, mostly: context.def and kinds.def. */
#ifndef SKEP_VM_CONTEXT_H
#define SKEP_VM_CONTEXT_H

#include "vm/program.h"
#include "vm/verifier/reg.h"

struct bpf_helper;
struct strbuf;

/* What a load from the context gives. */
struct context_access {
	enum reg_kind kind; /* SCALAR, PACKET, PACKET_END, PACKET_META, SOCKET, SOCK_COMMON,
	                       FLOW_KEYS, BTF, BUF, MEM, TP_BUFFER ... */
	uint32_t flags;     /* enum reg_flags of the pointer */
	uint32_t btf_id;    /* BTF: the struct; in p->kernel_btf or attach_btf */
	struct btf_file *btf;
	uint32_t mem_b;      /* MEM, BUF: bytes behind the pointer */
	struct scalar range; /* SCALAR: what is known of the value (scalar_unknown mostly) */
	bool is_acquired;    /* BTF: a reference the program must give back (struct_ops __ref) */
	/* Loads of pointers that the UAPI struct declares with 32 bits: where the machine keeps 64
	 * (always behind the struct, at context_size() + 8 * k); 0: where the program looks. */
	uint16_t run_off_b;
};

/* Is this access of `size_b` bytes at `off_b` of the context allowed? Fills `ret` on yes; else adds
 * the reason to `why` ("invalid bpf_context access off=8 size=4" and what is there). What is not a
 * SCALAR cannot be loaded with sign extension: that is the caller's to check. */
bool context_access(const struct vm_program *p, int32_t off_b, uint32_t size_b, bool is_write,
                    struct context_access *ret, struct strbuf *why);
/* Bytes of the UAPI struct, rounded up to 8; for kinds with an array of arguments, of that. */
uint32_t context_size(const struct vm_program *p);
/* Bytes the machine must provide: the struct and the 64-bit pointers behind it. */
uint32_t context_run_size(const struct vm_program *p);
/* The 64-bit place of a UAPI pointer field ("data", "data_end", "data_meta"), 0 if it has none. */
uint32_t context_run_off(uint32_t type, const char *field);
const char *context_struct_name(uint32_t type); /* "__sk_buff"; NULL: none or an argument array */
/* Loads through a SOCKET, SOCK_COMMON, TCP_SOCK or XDP_SOCK pointer; nobody writes there. FLOW_KEYS
 * is memory of 56 bytes instead. */
bool socket_access(enum reg_kind kind, int32_t off_b, uint32_t size_b, struct context_access *ret,
                   struct strbuf *why);

/* May it call this helper? On no, `why` says what it would take. */
bool kind_may_call(const struct vm_program *p, uint32_t helper, struct strbuf *why);
/* The contract of this helper in this kind of program; NULL: no such helper. */
const struct bpf_helper *kind_helper(const struct vm_program *p, uint32_t helper);
/* What r0 must be at the end. False: anything. `ret` in 64-bit signed terms. */
bool kind_return_range(const struct vm_program *p, int64_t *ret_min, int64_t *ret_max,
                       bool *ret_is_32);
/* Members of structs of operations and LSM hooks that return void: r0 need not have a value then. */
bool context_btf_returns_nothing(const struct vm_program *p);
/* May it read, or also write, packet bytes? (may_access_direct_pkt_data) */
bool kind_may_read_packet(const struct vm_program *p);
bool kind_may_write_packet(const struct vm_program *p);
/* Is the attach type one that this kind has? 0, or -EINVAL with a line in `why`. Also checks the
 * attach target: BTF id given where one is needed, function may be traced, and so on. */
int kind_check_attach(const struct vm_program *p, struct strbuf *why);
bool kind_may_sleep(uint32_t type, uint32_t attach_type); /* BPF_F_SLEEPABLE is allowed */
/* May maps of this type be used by it? (check_map_prog_compatibility) */
bool kind_may_use_map(const struct vm_program *p, const struct vm_map_def *m, struct strbuf *why);
/* May this helper take a map of that type? (check_map_func_compatibility) */
bool map_fits_helper(uint32_t map_type, uint32_t helper);
/* The same for this program: some maps are changed by some kinds only. */
bool kind_may_pass_map(const struct vm_program *p, uint32_t map_type, uint32_t helper,
                       struct strbuf *why);

/* A field of a kernel struct, read through a pointer of this type: SCALAR; MEM with REG_RDONLY and
 * REG_UNTRUSTED for pointers to anything but structs (mem_b 0: any load from there is probed, as
 * from REG_UNTRUSTED objects); or BTF with the struct it points to and the trust that remains
 * (btf_struct_access: nested structs and arrays are walked, flexible arrays too). Writes: only the
 * fields that the kernel lets programs write. `ptr_flags`: those of the pointer; REG_TRUSTED too if
 * it is a reference the program holds, and REG_IN_RCU where a sleepable program is in an RCU
 * section (others always are). The pointer is not REG_MAYBE_NULL. */
bool btf_field_access(const struct vm_program *p, struct btf_file *btf, uint32_t struct_id,
                      uint32_t ptr_flags, int32_t off_b, uint32_t size_b, bool is_write,
                      struct context_access *ret, struct strbuf *why);

/* kfuncs: what BTF alone does not tell (KF_* flags of the kernel's registrations). */
enum kfunc_flags {
	KFUNC_ACQUIRE = 1 << 0,
	KFUNC_RELEASE = 1 << 1,
	KFUNC_RET_NULL = 1 << 2,
	KFUNC_TRUSTED_ARGS = 1 << 3,
	KFUNC_SLEEPABLE = 1 << 4,
	KFUNC_DESTRUCTIVE = 1 << 5,
	KFUNC_RCU = 1 << 6,
	KFUNC_ITER_NEW = 1 << 7,
	KFUNC_ITER_NEXT = 1 << 8,
	KFUNC_ITER_DESTROY = 1 << 9,
	KFUNC_RCU_PROTECTED = 1 << 10,
	KFUNC_FASTCALL = 1 << 11,
};
bool kfunc_is_known(const char *name); /* may programs of any kind call it? */
const char *kfunc_row(uint32_t i);     /* NULL behind the last */
/* False: no such kfunc, or not for this kind of program (`why` says which). */
bool kfunc_find(const struct vm_program *p, const char *name, uint32_t *ret_flags,
                struct strbuf *why);

#endif
