/* The public library from outside: nothing but <skep.h>.
 *
 *   vm-library OBJECT        (library.bpf.c, compiled) */
#include <skep.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned passed, failed;

#define CHECK(claim)                                                                               \
	do {                                                                                       \
		if (claim) {                                                                       \
			passed++;                                                                  \
		} else {                                                                           \
			failed++;                                                                  \
			printf("not ok library.c:%d: %s (%s)\n", __LINE__, #claim, why);           \
		}                                                                                  \
	} while (0)

static char printed[64];
static char why[8192];

static void print(void *arg, const char *text, size_t len_b)
{
	(void)arg;
	snprintf(printed, sizeof(printed), "%.*s", (int)len_b, text);
}

static int add_record(void *arg, const void *record, uint32_t record_b)
{
	uint64_t value;

	if (record_b != sizeof(value))
		return 1;
	memcpy(&value, record, sizeof(value));
	*(uint64_t *)arg += value;
	return 0;
}

static void run_twice(struct skep *s, uint32_t sum)
{
	unsigned char memory[16] = {1, 2, 3, 4, 5, 6, 7, 8};
	uint64_t r0 = 0, key = 0, value = 0, records = 0;
	struct skep_map *calls, *ring;
	size_t memory_b = sizeof(memory);

	CHECK(!skep_run(s, sum, memory, &memory_b, &r0, why, sizeof(why)));
	CHECK(r0 == 36 && memory[0] == 0xff && memory_b == sizeof(memory));
	CHECK(!strcmp(printed, "sum 36"));
	CHECK(!skep_run(s, sum, memory, &memory_b, &r0, why, sizeof(why)));
	CHECK(r0 == 36 - 1 + 0xff);
	memory_b = 8;
	CHECK(skep_run(s, sum, memory, &memory_b, &r0, why, sizeof(why)) == -EINVAL);

	calls = skep_map_find(s, "calls");
	ring = skep_map_find(s, "ring");
	CHECK(calls && ring && !skep_map_find(s, "nothing"));
	CHECK(skep_map_key_size(calls) == 8 && skep_map_value_size(calls) == 8);
	CHECK(!skep_map_next_key(calls, NULL, &key) && key == sizeof(memory));
	CHECK(!skep_map_read(calls, &key, &value) && value == 2);
	CHECK(skep_map_next_key(calls, &key, &value) == -ENOENT);
	CHECK(skep_map_write(calls, &key, &value, 1) == -EEXIST);
	CHECK(!skep_map_erase(calls, &key) && skep_map_read(calls, &key, &value) == -ENOENT);
	CHECK(skep_ring_read(ring, add_record, &records) == 2 && records == 36 + 290);
	CHECK(skep_ring_read(calls, add_record, &records) == -EINVAL);
}

static void run_all(const char *path, enum skep_engine engine)
{
	struct skep *s = NULL;
	unsigned char memory[16] = {0};
	size_t memory_b = sizeof(memory);
	uint64_t r0;

	CHECK(!skep_open_file(path, "unspec", &s, why, sizeof(why)));
	if (!s)
		return;
	skep_set_engine(s, engine);
	skep_set_print(s, print, NULL);
	CHECK(skep_program_count(s) == 2 && skep_program_find(s, "sum") >= 0);
	CHECK(skep_program_find(s, "nothing") == -ENOENT && !skep_program_name(s, 2));
	CHECK(!skep_verify(s, (uint32_t)skep_program_find(s, "sum"), 16, why, sizeof(why)));
	CHECK(skep_verify(s, (uint32_t)skep_program_find(s, "sum"), 15, why, sizeof(why)) ==
	      -EACCES);
	CHECK(skep_run(s, (uint32_t)skep_program_find(s, "bad"), memory, &memory_b, &r0, why,
	               sizeof(why)) == -EACCES);
	CHECK(skep_run(s, 7, memory, &memory_b, &r0, why, sizeof(why)) == -ENOENT);
	run_twice(s, (uint32_t)skep_program_find(s, "sum"));
	skep_close(s);
}

int main(int argc, char **argv)
{
	struct skep *s = NULL;

	if (argc != 2)
		return 2;
	run_all(argv[1], SKEP_FASTEST);
	run_all(argv[1], SKEP_INTERPRETER);
	CHECK(skep_open_file("/nowhere", NULL, &s, why, sizeof(why)) == -ENOENT);
	CHECK(skep_open("no object", 9, NULL, &s, why, sizeof(why)) < 0 && strlen(why));
	CHECK(skep_open_file(argv[1], "no kind", &s, why, sizeof(why)) == -EINVAL);
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}
