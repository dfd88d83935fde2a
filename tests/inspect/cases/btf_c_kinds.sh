# timeout: 60
# Each kind of type in C: layout, names that occur twice, the two orders, single types.
ln -s "$(command -v skep)" bpftool
sh "$DIR/btf_all.inc" all.btf || exit
./bpftool btf dump file all.btf format c unsorted >all.h || exit
sed -n '/^enum e1/,/^#ifndef BPF_NO_PRE/p' all.h | sed '$d' >body
diff - body <<'END' || exit
enum e1 {
	A1 = 0,
	A2 = 4026531839,
};

enum {
	B1 = -1,
	B2 = 5,
};

enum big {
	C1 = 4294967296ULL,
};

enum sbig {
	D1 = -1LL,
};

enum word {
	E1 = 1ULL,
} __attribute__((mode(word)));

enum tiny {
	F1 = 1,
} __attribute__((mode(byte)));

struct S {
	int a: 3;
	int b: 5;
	char c;
	long long unsigned int d;
};

struct P {
	long long unsigned int x;
	char y;
} __attribute__((packed));

struct Q {
	char x;
	long: 64;
	long long unsigned int y;
};

union U {
	int a;
	long long unsigned int b;
};

struct nowhere;

typedef struct nowhere *nowhere_p;

struct F {
	int (*table[2][3])(const volatile long long unsigned int * restrict s, ...);
	struct F *next;
	const long long unsigned int v;
};

struct T {
	int __attribute__((btf_type_tag("user"))) *p;
};

struct S___2 {
	int other;
};

typedef struct {
	int q;
} anon_t;

typedef struct {
	int i;
	union {
		int j;
		char k;
	};
} nested_t;

struct E {};

enum e2 {
	A1___2 = 3,
};

enum late {
	Z9 = 1,
};

/* BPF kfuncs */
#ifndef BPF_NO_KFUNC_PROTOTYPES
extern void __attribute__((address_space(1))) *bpf_alloc(int __attribute__((btf_type_tag("user"))) *p__map, long long unsigned int n) __weak __ksym __bpf_fastcall;
extern int a_kfunc(const volatile long long unsigned int * restrict s, ...) __weak __ksym;
#endif

END
./bpftool btf dump file all.btf format c >sorted.h || exit
grep -o '^[a-z]* *[A-Za-z0-9_]* {\|^} .*_t;\|^typedef.*;\|[a-z_]*(.*__weak __ksym' sorted.h |
	sed 's/(.*/(/' >order
diff - order <<'END' || exit
enum {
enum big {
enum e1 {
enum e2 {
enum late {
enum sbig {
enum tiny {
enum word {
struct E {
struct F {
struct P {
struct Q {
struct S {
struct S___2 {
struct T {
union U {
typedef struct {
} anon_t;
typedef struct {
} nested_t;
typedef struct nowhere *nowhere_p;
a_kfunc(
__attribute__(
END
for name in all sorted; do
	gcc -w -x c -c $name.h -o $name.o && clang-19 -w --target=bpf -x c -c $name.h -o $name.bpf.o || exit
done
# One type and what it needs, without functions.
./bpftool btf dump file all.btf format c root_id 26 >one.h || exit
[ "$(grep -c '^struct\|^enum\|^typedef\|^extern' one.h)" = 1 ] || { cat one.h; exit 1; }
