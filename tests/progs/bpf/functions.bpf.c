/* What scripts can call: numbers, pointers, text, callbacks, data. */
#include "bpf.h"
int total, start = 40;
static const int table[] = {3, 5, 7, 11};
struct pair { int a, b; };
static struct pair the_pair;
enum color { RED, GREEN, BLUE };

static NOINLINE int twice(int x) { return x * 2 + (int)(bpf_get_current_pid_tgid() >> 63); }
int add_up(int a, int b) { return a + b; }
int quad(int x) { return twice(twice(x)); }
int pick(u32 i) { const volatile int *t = table; return t[i & 3]; }
unsigned char low_byte(u64 x) { return x; }
signed char low_signed(long x) { return x; }
_Bool is_odd(long x) { return x & 1; }
unsigned short half(u64 x) { return x; }
int bump(int by) { total += by; start++; return total + start; }
void forget(void) { total = 0; }
u64 my_id(void) { return bpf_get_current_pid_tgid(); }
static int step(u32 i, u64 *sum) { *sum += i; return 0; }
u64 gauss(u32 n) { u64 sum = 0; bpf_loop(n, step, &sum, 0); return sum; }
long five(long a, long b, long c, long d, long e) { return a * b * c * d * e; }
int read_int(const int *p) { return *p; }
void add_to(long *p, long n) { *p += n; }
int letters(const char *s) { return s[0] + s[1] + s[2]; }
struct pair *keep(int a, int b) { the_pair.a = a; the_pair.b = b; return &the_pair; }
int is_null(const void *p) { return !p; }
enum color next(enum color c) { return c + 1; }
