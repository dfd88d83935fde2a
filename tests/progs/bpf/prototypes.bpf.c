/* Functions whose prototypes have each kind of type. */
#include "bpf.h"

struct s {
	int a;
};
union un {
	int a;
	long b;
};
struct known_by_name;
union known_too;
typedef int (*callback)(struct s *, int);
enum wide { LOW = 1, HIGH = 1ull << 40 };
enum e { ONE = 1 };
typedef enum { UNNAMED } *unnamed;

static NOINLINE int functions(int (*then)(struct s *, int), union un *u, struct known_by_name *k,
                              callback c, void (*none)(void))
{
	return then && u && k && c && none;
}
static NOINLINE int layers(int (*array)[3], char **p, const char *restrict r, enum e e, void *const *q)
{
	return array && p && r && e && q;
}
static NOINLINE struct s *numbers(struct { int z; } *anonymous, _Bool b, signed char c, u64 n,
                                  unnamed u)
{
	return b && c && n && u ? 0 : (void *)anonymous;
}
static NOINLINE int nothing(void)
{
	return (int)bpf_get_current_pid_tgid();
}
static NOINLINE int nested(int (*(*f)(int, ...))(long), double *d, union known_too *k,
                           int (*matrix)[2][3], volatile int *v)
{
	return f && d && k && matrix && v;
}

SEC("socket") int prototypes(u64 *c)
{
	void *p = c;

	return functions(p, p, p, p, p) + layers(p, p, p, ONE, p) + (numbers(p, 1, 2, 3, p) != 0) +
	       nothing() + nested(p, p, p, p, p);
}
char gpl[] SEC("license") = "GPL";
