/* Arguments of all kinds, for probes that read them by debug information. Run without arguments it
 * calls each function once. */
#include <stdint.h>
#include <stdio.h>

/* The compiler must not know that they look at little of it. */
#define OPAQUE __attribute__((noipa))

enum color { RED = 1, GREEN, BLUE = 200, NOTHING = -1 };
typedef unsigned short port_t;

struct point {
	int x, y;
};
struct flags {
	unsigned low : 3, mid : 7;
	int deep : 12;
	uint64_t high : 40;
};
union number {
	uint32_t u;
	unsigned char bytes[4];
};
struct node {
	struct node *next;
	const char *name;
	struct point at;
	int matrix[2][3];
	union {
		long whole;
		short half;
	};
	struct flags flags;
	enum color color;
};
struct large {
	char text[24];
	long total;
};
struct mixed {
	long count;
	double share;
};

OPAQUE int scalars(signed char c, port_t port, int i, unsigned long ul, _Bool b, enum color color)
{
	return c + port + i + (int)ul + b + (int)color;
}

OPAQUE int many(int a, int b, int c, int d, int e, int f, int g, short h)
{
	return a + b + c + d + e + f + g + h;
}

OPAQUE int pointers(struct node *n, const char *text, int *numbers, void *raw)
{
	return n->at.x + text[0] + numbers[1] + (raw != NULL);
}

OPAQUE int structs(struct point p, struct flags flags, struct large big, union number u)
{
	return p.x + (int)flags.mid + (int)big.total + (int)u.u;
}

OPAQUE int floats(double d, int i, struct mixed m)
{
	return (int)d + i + (int)m.count;
}

OPAQUE struct large returns_large(int seed)
{
	struct large l = {"large", seed};

	return l;
}

OPAQUE int variadic(const char *format, ...)
{
	return format[0];
}

int main(void)
{
	struct node second = {.name = "second", .at = {70, 80}, .color = BLUE};
	struct node first = {.next = &second,
	                     .name = "first",
	                     .at = {7, -8},
	                     .matrix = {{1, 2, 3}, {4, 5, 6}},
	                     .whole = 0x1234567,
	                     .flags = {5, 100, -900, 0x123456789a},
	                     .color = NOTHING};
	struct point p = {-3, 4};
	struct large big = {"a text", 99};
	struct mixed m = {12, 0.5};
	union number u = {.u = 0x04030201};
	int numbers[] = {10, 20, 30}, sum = 0;

	puts(first.name); /* a page that nobody has touched cannot be read */


	sum += scalars(-5, 8080, -70000, 1UL << 40, 1, NOTHING);
	sum += many(1, 2, 3, 4, 5, 6, -7, -8);
	sum += pointers(&first, "hello", numbers, &sum);
	sum += structs(p, first.flags, big, u);
	sum += floats(1.5, 42, m);
	sum += (int)returns_large(17).total;
	sum += variadic("%d", 1);
	printf("%d\n", sum);
	return 0;
}
