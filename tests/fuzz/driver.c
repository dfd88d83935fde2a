/* The fuzzers' main(): mutates files of a corpus and hands them to fuzz_one().
 *
 *   fuzz-NAME [--seed N] [--seconds N] [--runs N] [--in-place] FILE...
 *
 * The inputs depend on the seed and the files only, so a finding can be had again; its input is
 * also written to ./crash-NAME-SEED-RUN. With --runs 0 each file is tried once, as it is.
 *
 * Two kinds of mutation, mixed: of bytes (for the lexer), and of tokens, which are taken out,
 * doubled, swapped or brought in from another file (for everything behind it). With --in-place
 * numbers of 1 to 8 bytes are overwritten where they stand instead: in a binary format whose parts
 * name each other by offset, anything else is refused at the first of them. */
#include "fuzz.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/vec.h"

#define INPUT_MAX_B 65536
#define HANG_S 10   /* of processor time: the machine may be busy */
#define STALL_S 120 /* of waiting */

void __sanitizer_set_death_callback(void (*fn)(void)) __attribute__((weak));

struct text {
	char *s;
	size_t len_b;
};

struct fuzzer {
	const char *name;
	uint64_t seed, state;
	bool is_in_place;
	vec(struct text) corpus;
	struct text input; /* being tried; INPUT_MAX_B of storage */
	uint64_t run;
};

/* For the handlers, which get no argument. */
static struct fuzzer *running;

static void save_input(void)
{
	char path[200];
	int fd;

	snprintf(path, sizeof(path), "crash-%s-%llu-%llu", running->name,
	         (unsigned long long)running->seed, (unsigned long long)running->run);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd < 0 || write(fd, running->input.s, running->input.len_b) < 0)
		fprintf(stderr, "cannot write %s\n", path);
	else
		fprintf(stderr, "input written to %s\n", path);
	if (fd >= 0)
		close(fd);
}

static void on_signal(int sig)
{
	bool is_hang = sig == SIGALRM || sig == SIGPROF;

	if (is_hang)
		fprintf(stderr, "no end after %d s\n", sig == SIGALRM ? STALL_S : HANG_S);
	save_input();
	signal(is_hang ? SIGABRT : sig, SIG_DFL);
	raise(is_hang ? SIGABRT : sig);
}

/* splitmix64 */
static uint64_t next_random(struct fuzzer *f)
{
	uint64_t z = f->state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static size_t below(struct fuzzer *f, size_t n)
{
	return n ? next_random(f) % n : 0;
}

/* Replace input[at, at + old_b) by new_b bytes; nothing happens if that gets too long. */
static void replace(struct fuzzer *f, size_t at, size_t old_b, const char *bytes, size_t new_b)
{
	char copy[INPUT_MAX_B];

	if (new_b > sizeof(copy) || f->input.len_b - old_b + new_b > INPUT_MAX_B)
		return;
	memcpy(copy, bytes, new_b); /* it may be a part of the input itself */
	memmove(f->input.s + at + new_b, f->input.s + at + old_b, f->input.len_b - at - old_b);
	memcpy(f->input.s + at, copy, new_b);
	f->input.len_b += new_b - old_b;
}

static void mutate_bytes(struct fuzzer *f)
{
	static const char specials[] = "{}()[]\"\\/*$@;:,.=<>&|+-#\n\0\x80\xff"
	                               "0";
	size_t at = below(f, f->input.len_b + 1), left = f->input.len_b - at;
	char byte = below(f, 2) ? specials[below(f, sizeof(specials) - 1)] : (char)next_random(f);

	switch (below(f, 6)) {
	case 0:
		replace(f, at, left ? 1 : 0, &byte, 1);
		break;
	case 1:
		replace(f, at, 0, &byte, 1);
		break;
	case 2:
		replace(f, at, left ? 1 + below(f, left < 8 ? left : 8) : 0, "", 0);
		break;
	case 3:
		if (left)
			f->input.s[at] ^= (char)(1 << below(f, 8));
		break;
	case 4: /* cut off */
		if (!below(f, 4))
			f->input.len_b = at;
		break;
	default: /* the same again */
		replace(f, at, 0, f->input.s + at, left < 16 ? left : 16);
	}
}

/* What a character belongs to: words stick together, everything else stands alone. */
static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '$' || c == '@';
}

/* The bounds of a token near a random place. */
static struct text some_token(struct fuzzer *f, const struct text *in)
{
	size_t at = below(f, in->len_b), end;

	if (!in->len_b)
		return (struct text){in->s, 0};
	while (at < in->len_b - 1 && (in->s[at] == ' ' || in->s[at] == '\n'))
		at++;
	while (at && is_word(in->s[at]) && is_word(in->s[at - 1]))
		at--;
	for (end = at + 1; end < in->len_b && is_word(in->s[at]) && is_word(in->s[end]);)
		end++;
	return (struct text){in->s + at, end - at};
}

static void mutate_tokens(struct fuzzer *f)
{
	const struct text *other = &f->corpus.items[below(f, f->corpus.n)];
	struct text token = some_token(f, &f->input), from = some_token(f, other);
	size_t at = (size_t)(token.s - f->input.s), to = below(f, f->input.len_b + 1), piece_b;

	switch (below(f, 6)) {
	case 0:
		replace(f, at, token.len_b, "", 0);
		break;
	case 1:
		replace(f, at, 0, token.s, token.len_b);
		break;
	case 2:
		replace(f, at, token.len_b, from.s, from.len_b);
		break;
	case 3:
		replace(f, at, 0, from.s, from.len_b);
		break;
	case 4: /* a longer piece of another file */
		piece_b = (size_t)(other->s + other->len_b - from.s);
		replace(f, at, 0, from.s, below(f, piece_b < 60 ? piece_b : 60));
		break;
	default: /* repeat it, to see what nests or grows */
		for (size_t n = below(f, below(f, 8) ? 4 : 400); n; n--)
			replace(f, at, 0, f->input.s + at, token.len_b);
		if (to < at && !below(f, 4))
			replace(f, to, at - to, "", 0);
	}
}

/* A number of the sizes that formats have, near a limit or near what was there. */
static void mutate_number(struct fuzzer *f)
{
	static const uint64_t specials[] = {0,          1,          7,         8,      0x7f,
	                                    0x80,       0xff,       0x7fff,    0xffff, 0x7fffffff,
	                                    0x80000000, 0xffffffff, UINT64_MAX};
	size_t width = (size_t)1 << below(f, 4), at = below(f, f->input.len_b), from;
	uint64_t value = 0;

	if (below(f, 4)) /* most are aligned */
		at = at / width * width;
	if (f->input.len_b < width || at > f->input.len_b - width)
		return;
	memcpy(&value, f->input.s + at, width);
	switch (below(f, 5)) {
	case 0:
		value = specials[below(f, sizeof(specials) / sizeof(specials[0]))];
		break;
	case 1:
		value += below(f, 17) - 8;
		break;
	case 2:
		value ^= 1ull << below(f, 64);
		break;
	case 3:
		value = below(f, f->input.len_b + 64);
		break;
	default: /* what is somewhere else */
		from = below(f, f->input.len_b - width + 1);
		memcpy(&value, f->input.s + from, width);
	}
	memcpy(f->input.s + at, &value, width);
}

static void make_input(struct fuzzer *f)
{
	const struct text *base = &f->corpus.items[below(f, f->corpus.n)];
	size_t n = 1 + below(f, below(f, 4) ? 6 : 40);

	f->input.len_b = 0;
	replace(f, 0, 0, base->s, base->len_b);
	while (n--) {
		if (f->is_in_place)
			mutate_number(f);
		else if (below(f, 3))
			mutate_tokens(f);
		else
			mutate_bytes(f);
	}
}

/* From a buffer of exactly its size, so that reading over its end is seen. */
static void try_input(struct fuzzer *f)
{
	char *data = malloc(f->input.len_b ? f->input.len_b : 1);

	memcpy(data, f->input.s, f->input.len_b);
	alarm(STALL_S);
	setitimer(ITIMER_PROF, &(struct itimerval){.it_value = {.tv_sec = HANG_S}}, NULL);
	fuzz_one(data, f->input.len_b);
	setitimer(ITIMER_PROF, &(struct itimerval){0}, NULL);
	alarm(0);
	free(data);
}

static void read_corpus(struct fuzzer *f, const char *path)
{
	struct text t = {.s = malloc(INPUT_MAX_B)};
	FILE *in = fopen(path, "rb");

	if (!in) {
		fprintf(stderr, "cannot read %s\n", path);
		exit(2);
	}
	t.len_b = fread(t.s, 1, INPUT_MAX_B, in);
	fclose(in);
	vec_push(NULL, &f->corpus, t);
}

static double seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	struct fuzzer f = {.name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0],
	                   .seed = 1};
	/* the first three are not the sanitizers' */
	static const int fatal[] = {SIGALRM, SIGPROF, SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
	uint64_t runs = UINT64_MAX;
	double seconds = 5, end;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--seed") && i + 1 < argc)
			f.seed = strtoull(argv[++i], NULL, 0);
		else if (!strcmp(argv[i], "--seconds") && i + 1 < argc)
			seconds = atof(argv[++i]);
		else if (!strcmp(argv[i], "--runs") && i + 1 < argc)
			runs = strtoull(argv[++i], NULL, 0);
		else if (!strcmp(argv[i], "--in-place"))
			f.is_in_place = true;
		else
			read_corpus(&f, argv[i]);
	}
	if (!f.corpus.n) {
		fprintf(stderr,
		        "usage: %s [--seed N] [--seconds N] [--runs N] [--in-place] FILE...\n",
		        f.name);
		return 2;
	}
	f.state = f.seed;
	f.input.s = malloc(INPUT_MAX_B);
	running = &f;
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(save_input);
	for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
		/* The sanitizers' own handlers say more about faults, and call save_input() too. */
		if (!__sanitizer_set_death_callback || i < 3)
			signal(fatal[i], on_signal);
	vec_each (t, &f.corpus) {
		f.input.len_b = t->len_b;
		memcpy(f.input.s, t->s, t->len_b);
		try_input(&f);
	}
	for (end = seconds_now() + seconds; f.run < runs && seconds_now() < end; f.run++) {
		make_input(&f);
		try_input(&f);
	}
	printf("%s: %zu files, %llu mutations, seed %llu\n", f.name, f.corpus.n,
	       (unsigned long long)f.run, (unsigned long long)f.seed);
	vec_each (t, &f.corpus)
		free(t->s);
	vec_free(&f.corpus);
	free(f.input.s);
	return 0;
}
