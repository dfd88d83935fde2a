/* Calls functions with arguments of every shape that a script can look into. The compiler must
 * not know that they look at little of it themselves. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct inner {
	int16_t x;
	int64_t y;
	char tag[4];
};

struct shape {
	char name[8];
	int8_t i8;
	uint8_t u8;
	int16_t i16;
	uint16_t u16;
	int32_t i32;
	uint32_t u32;
	int64_t i64;
	uint64_t u64;
	int numbers[4];
	struct inner inner;
	struct inner list[2];
	struct inner *pointer;
	const char *text;
	union {
		uint32_t whole;
		uint8_t bytes[4];
	} u;
	unsigned int bits3 : 3, bits5 : 5;
	int sbits4 : 4;
	uint64_t wide40 : 40, rest24 : 24;
	struct shape *next;
	enum { RED = 1, GREEN = 2 } color;
	_Bool is_set;
};

#define OPAQUE __attribute__((noipa))

OPAQUE int take_shape(struct shape *s, const char *text, int n);
OPAQUE int take_numbers(int *v, int n);
OPAQUE long take_six(long a, long b, long c, long d, long e, long f);
OPAQUE const char *give_text(int which);
OPAQUE int area(int n) __asm__("_ZN5shape4areaEi"); /* a name as of C++ */

int take_shape(struct shape *s, const char *text, int n)
{
	return s->i32 + (int)strlen(text) + n;
}

int take_numbers(int *v, int n)
{
	int sum = 0;

	for (int i = 0; i < n; i++)
		sum += v[i];
	return sum;
}

long take_six(long a, long b, long c, long d, long e, long f)
{
	return a + b + c + d + e + f;
}

const char *give_text(int which)
{
	return which ? "second text" : "first text";
}

int area(int n)
{
	return n * n;
}

int main(void)
{
	/* On the stack: a string literal's page may not be there yet when a probe looks. */
	char pointed_text[] = "pointed text", some_text[] = "some text";
	struct inner pointed = {7, 8, "ptr"};
	struct shape last = {.name = "last", .i32 = 99};
	struct shape s = {
	    .name = "eightchr", /* no NUL */
	    .i8 = -8,
	    .u8 = 200,
	    .i16 = -1600,
	    .u16 = 60000,
	    .i32 = -320000,
	    .u32 = 3200000000u,
	    .i64 = -6400000000000,
	    .u64 = 18000000000000000000u,
	    .numbers = {10, -20, 30, -40},
	    .inner = {-1, 2, "in"},
	    .list = {{3, 4, "l0"}, {5, 6, "l1"}},
	    .pointer = &pointed,
	    .text = pointed_text,
	    .u.whole = 0x04030201,
	    .bits3 = 5,
	    .bits5 = 17,
	    .sbits4 = -3,
	    .wide40 = 0xabcdef0123,
	    .rest24 = 0x456789,
	    .next = &last,
	    .color = GREEN,
	    .is_set = 1,
	};
	int numbers[] = {5, -6, 7};
	int sum = 0;

	sum += take_shape(&s, some_text, -5);
	sum += take_numbers(numbers, 3);
	sum += (int)take_six(1, -2, 3, -4, 5, -6);
	sum += printf("%s%.0s\n", give_text(0), give_text(1)); /* brings the page in */
	sum += give_text(0)[0] + give_text(1)[0];
	sum += area(3);
	return sum == 0;
}
