/* Global functions and what their prototypes promise; tail calls; arrays of constants. */
#include "case.h"

#define TAG(t) __attribute__((btf_decl_tag(t)))
struct __sk_buff { u32 len; u32 pkt_type; u32 mark; };
struct bpf_dynptr { u64 opaque[2]; } __attribute__((aligned(8)));
struct task_struct { int pid; struct task_struct *last_wakee; } __attribute__((preserve_access_index));
struct small { int a; };
struct big { u64 a[20]; };
enum color { RED, GREEN };
HELPER(u32, prandom, 7, void);
HELPER(long, ringbuf_reserve_dynptr, 198, void *map, u32 size, u64 flags, struct bpf_dynptr *p);
HELPER(void, ringbuf_discard_dynptr, 200, struct bpf_dynptr *p, u64 flags);
HELPER(long, skb_pull, 39, void *skb, u32 len);
struct { __uint(type, MAP_RINGBUF); __uint(max_entries, 4096); } map_ring SEC(".maps");
struct { __uint(type, MAP_PROG_ARRAY); __uint(max_entries, 4); __type(key, u32); __type(value, u32); } map_progs SEC(".maps");
#define G __noinline
#define KEEP asm volatile("" ::: "memory")

G int g_int(int x) { return x + prandom(); }
G int g_enum(enum color c) { return c + prandom(); }
G long g_long(long x) { return x; }
G void g_void(int x) { KEEP; }
G int g_six(int a, int b, int c, int d, int e) { return a + b + c + d + e + prandom(); }
G int g_ptr_int(int *p) { return p ? *p : 0; }
G int g_ptr_ptr(int **p) { return p ? 1 : 0; }
G int g_ptr_void(void *p) { return p ? 1 : 0; }
G int g_ptr_char(char *p) { return p ? *p : 0; }
G int g_array(int (*p)[4]) { return p ? (*p)[3] : 0; }
G int g_big(struct big *p) { return p ? p->a[19] : 0; }
G int g_const(const struct small *p) { return p ? p->a : 0; }
G int g_write(struct small *p) { if (!p) return 0; p->a = 1; return 1; }
G int g_skb(struct __sk_buff *skb) { return skb->len; }
G int g_dynptr(struct bpf_dynptr *p) { return prandom(); }
G int g_trusted(struct task_struct *t TAG("arg:trusted")) { return t->pid; }
G int g_trusted_null(struct task_struct *t TAG("arg:trusted") TAG("arg:nullable")) { return t ? t->pid : 0; }
G int g_trusted_null_unchecked(struct task_struct *t TAG("arg:trusted") TAG("arg:nullable")) { return t->pid; }
G int g_ret_ptr_arg(int x) { return x; }
G struct small *g_returns_ptr(struct small *p) { return p; }
G int g_calls(int x) { return g_int(x) + g_long(x); }
G int g_deep(int x) { volatile char b[400]; b[x & 255] = 1; return b[3]; }
G int g_recursive(int x);
G int g_recursive2(int x) { return x ? g_recursive(x) + prandom() : 0; }
G int g_recursive(int x) { return x ? g_recursive2(x) + prandom() : 0; }
G int g_pulls(struct __sk_buff *skb) { return skb_pull(skb, 0); }
G int g_uninit_big(struct big *p) { if (!p) return 0; p->a[0] = 1; return 0; }
__weak int g_weak(int x) { KEEP; return x; }
G int g_out_of_bounds(int i) { char b[8] = {}; KEEP; return ((volatile char *)b)[i]; }
static __noinline int s_index(char *p, int i) { return p[i & 7]; }
static __noinline int s_void(int x) { KEEP; return x; }

#define TC(name) SEC("tc") int name(struct __sk_buff *ctx)
TC(ok_int) { return g_int(1); }
TC(ok_enum) { return g_enum(GREEN); }
TC(ok_long) { return g_long(1); }
TC(bad_void) { g_void(1); return 0; }
TC(ok_five) { return g_six(1, 2, 3, 4, 5); }
TC(ok_ptr_int) { int x = 1; return g_ptr_int(&x); }
TC(bad_ptr_int_num) { return g_ptr_int((int *)8); }
TC(ok_ptr_ptr) { int x, *y = &x; return g_ptr_ptr(&y); }
TC(bad_ptr_void) { int x; return g_ptr_void(&x); }
TC(ok_ptr_char) { char x = 1; return g_ptr_char(&x); }
TC(ok_array) { int a[4] = {1}; return g_array(&a); }
TC(ok_array_dead) { int a[3] = {1}; return g_array((void *)&a); }
TC(bad_big) { u64 a[10] = {1}; return g_big((void *)&a); }
TC(ok_big) { struct big b = {}; return g_big(&b); }
TC(ok_const) { struct small s = {1}; return g_const(&s); }
TC(ok_write) { struct small s; return g_write(&s); }
TC(ok_skb) { return g_skb(ctx); }
TC(bad_skb_stack) { char b[200] = {}; return g_skb((void *)b); }
SEC("xdp") int bad_skb_xdp(void *ctx) { return g_skb(ctx); }
SEC("socket") int ok_skb_socket(void *ctx) { return g_skb(ctx); }
TC(bad_dynptr_unused) { struct bpf_dynptr p; ringbuf_reserve_dynptr(&map_ring, 8, 0, &p); int r = g_dynptr(&p); ringbuf_discard_dynptr(&p, 0); return r; }
TC(bad_dynptr) { struct bpf_dynptr p = {}; KEEP; return g_dynptr(&p); }
TC(ok_returns_ptr_dead) { struct small s = {1}; return g_returns_ptr(&s) != 0; }
TC(ok_calls) { return g_calls(1); }
TC(bad_deep) { volatile char b[200]; b[ctx->len & 127] = 1; return g_deep(b[5]); }
TC(ok_deep) { return g_deep(1); }
TC(bad_recursive) { return g_recursive(1); }
TC(ok_weak) { return g_weak(1); }
TC(bad_out_of_bounds) { return g_out_of_bounds(1); }
TC(ok_index) { char b[8] = {}; KEEP; return s_index(b, prandom()); }
TC(bad_returned_unknown) { char b[8] = {}; KEEP; return ((volatile char *)b)[g_int(1)]; }
TC(ok_returned_static) { char b[8] = {}; KEEP; return ((volatile char *)b)[s_void(1)]; }
TC(ok_map_value_arg) { u32 k = 0; struct value *v = map_lookup(&map_array, &k); if (!v) return 0; return g_ptr_int((int *)&v->e); }
TC(bad_map_value_arg_end) { u32 k = 0; struct value *v = map_lookup(&map_array, &k); if (!v) return 0; return g_big((void *)v); }
TC(ok_maybe_null_arg) { u32 k = 0; struct value *v = map_lookup(&map_array, &k); return g_ptr_int((int *)v); }
TC(ok_packet_arg) { return 0; }
SEC("tp_btf/sys_enter") int ok_trusted(void *ctx) { struct task_struct *t = get_current_task_btf(); return g_trusted(t); }
SEC("tp_btf/sys_enter") int ok_trusted_walked(void *ctx) { struct task_struct *t = get_current_task_btf(); return g_trusted(t->last_wakee); }
SEC("tp_btf/sys_enter") int bad_trusted_null(void *ctx) { return g_trusted(0); }
SEC("tp_btf/sys_enter") int ok_trusted_null(void *ctx) { return g_trusted_null(0); }
SEC("tp_btf/sys_enter") int bad_trusted_null_unchecked(void *ctx) { struct task_struct *t = get_current_task_btf(); return g_trusted_null_unchecked(t); }

/* constants */
const volatile int limit = 4;
const volatile int table[4] = {1, 2, 3, 4};
const volatile u64 big_limit = 1ull << 40;
static int counter;
int array_16[16];
TC(ok_rodata) { char b[8] = {}; KEEP; return ((volatile char *)b)[limit]; }
TC(bad_rodata_big) { char b[8] = {}; KEEP; return ((volatile char *)b)[big_limit]; }
TC(ok_rodata_dead) { if (limit == 5) { asm volatile("r1 = 0; r0 = *(u64 *)(r1 + 0)" ::: "r0", "r1"); } return 0; }
TC(ok_rodata_loop) { int s = 0; for (int i = 0; i < limit; i++) { asm volatile("" : "+r"(i)); s += table[i & 3]; } return s; }
TC(bad_rodata_write) { *(volatile int *)&table[0] = 5; return 0; }
TC(ok_bss) { counter++; return array_16[counter & 15]; }
TC(bad_bss) { counter++; return array_16[(u32)counter]; }
TC(bad_bss_17) { return array_16[counter & 31]; }

/* calls that keep registers (bpf_get_smp_processor_id() and such) are not relied upon here */
#define TAIL "r2 = map_progs ll; r3 = 0; call 12;"
FUNCTION(tail_sub, TAIL "r0 = 0; exit;")
ACCEPT("tc", tail_in_sub, "call tail_sub; r0 = 0; exit;")
REFUSE("tc", tail_args_gone, "r6 = r1;" TAIL "r0 = r1; exit;")
ACCEPT("tc", tail_ctx_kept, "r6 = r1;" TAIL "r0 = *(u32 *)(r6 + 0); exit;")
ACCEPT("tc", tail_var_index, "r3 = *(u32 *)(r1 + 8); r2 = map_progs ll; call 12; r0 = 0; exit;")
FUNCTION(async_like, "r0 = 0; exit;")
REFUSE("tc", func_pointer_deref, "r1 = async_like ll; r0 = *(u64 *)(r1 + 0); exit;")
ACCEPT("tc", func_pointer_math, "r1 = async_like ll; r1 += 8; r0 = 0; exit;")
ACCEPT("tc", func_pointer_unused, "r1 = async_like ll; r0 = 0; exit;")
REFUSE("tc", func_pointer_stored_helper, "r1 = 1; r2 = async_like ll; r3 = async_like ll; r4 = 0; call 181; r0 = 0; exit;")
