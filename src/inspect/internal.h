/* What the commands share. A command takes the words behind it, writes plain text or JSON, and
 * returns 0 or a negative number, whose low 8 bits become the exit status as bpftool's do. */
#ifndef SKEP_INSPECT_INTERNAL_H
#define SKEP_INSPECT_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/vec.h"
#include "inspect/json_writer.h"

struct inspect;

/* The words of a command that are left. */
struct words {
	char **at;
	int n;
};

typedef int command_fn(struct inspect *x, struct words *w);

struct command {
	const char *name;
	command_fn *run;
	const char *arguments; /* in usage, with line ends where they are long; NULL: not shown */
	bool is_for_sessions;  /* of our own machine, too; else of the kernel alone */
};

struct object {
	const char *name;
	const struct command
	    *commands; /* up to one without a name; the first is what no word means */
	/* Below the commands in usage, or NULL: what words mean, the options beside those that all
	 * objects take, and what else is to be said, each with its line ends but for `options`. */
	const char *definitions, *options, *note;
};

/* Who holds a file descriptor of an object. */
enum held_kind { HELD_PROG, HELD_MAP, HELD_LINK, HELD_BTF, HELD_N };

struct holder {
	enum held_kind kind;
	uint32_t id;
	pid_t pid;
	char comm[16];
};

/* Where an object is pinned. */
struct pin {
	enum held_kind kind;
	uint32_t id;
	const char *path;
};

/* What a link hands to its program. */
struct cookie {
	uint32_t prog_id;
	uint64_t cookie;
};

struct inspect {
	struct arena *a;
	const char *program; /* what usage calls us */
	bool is_json, is_pretty, shows_pins, may_not_mount, is_debug, is_compatible, has_loader;
	const char *base_btf;
	struct json_writer json;
	bool is_batch;
	bool is_of_sessions; /* of our own machine, not of the kernel */
	const char *pid;     /* of the one that is meant; NULL: there is one only */
	const struct object *const *objects;
	/* Found when first asked for. */
	vec(struct holder) holders;
	vec(struct pin) pins;
	vec(struct cookie) cookies;
	bool knows_holders, knows_pins, knows_cookies;
};

/* ---- line.c ---- */
/* `Error: ...`, or the object {"error": ...}. Returns -1. */
int inspect_error(struct inspect *x, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* `Warning: ...` on stderr; nothing in JSON. */
void inspect_warn(struct inspect *x, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* What a command without a result says in JSON: null. Nothing otherwise. */
void say_done(struct inspect *x);
/* Does the word begin `name`? Any part of it will do, but none. */
bool word_is(const char *word, const char *name);
/* A whole number of 32 bits, as C writes it. */
bool word_number(const char *word, uint32_t *ret);
const char *word_next(struct words *w);                           /* NULL: none is left */
bool words_need(struct inspect *x, const struct words *w, int n); /* false: reported */
command_fn inspect_dispatch, inspect_version;
/* ---- batch.c ---- */
command_fn inspect_batch;
/* ---- line.c, usage ---- */
void inspect_usage(const struct inspect *x, const struct object *o); /* NULL: of all; to stderr */
int inspect_say_usage(struct inspect *x, const struct object *o);    /* returns -1 */

/* ---- handle.c ---- */
typedef vec(int) fd_list;
/* The objects that `id N`, `name NAME`, ... mean, as descriptors to be closed. Returns how many, or
 * a negative number, reported but where nothing has the name. */
int progs_of(struct inspect *x, struct words *w, fd_list *out);
int maps_of(struct inspect *x, struct words *w, fd_list *out);
int links_of(struct inspect *x, struct words *w, fd_list *out);
int prog_of(struct inspect *x, struct words *w); /* one: a descriptor */
int map_of(struct inspect *x, struct words *w);
int link_of(struct inspect *x, struct words *w);
void close_all(fd_list *fds);

/* ---- text.c ---- */
/* Control characters but tabs, and bytes that are no UTF-8, as \xNN. */
void put_text(const char *s, struct strbuf *out);
const char *plain_text(struct inspect *x, const char *text); /* in the arena */

/* ---- show.c ---- */
struct shown_kind {
	int (*next_id)(uint32_t after, uint32_t *ret); /* -1 and ENOENT behind the last */
	int (*open)(uint32_t id);                      /* a descriptor, or -1 and errno */
	int (*find)(struct inspect *x, struct words *w, fd_list *out);
	int (*show)(struct inspect *x, int fd);
	const char *word, *title; /* in messages */
};
/* What begins an object in either form; `type` NULL: its number has no name here. An empty name is
 * not shown. */
void show_identity(struct inspect *x, uint32_t id, const char *type, uint32_t type_number,
                   const char *name);
int show_objects(struct inspect *x, struct words *w, const struct shown_kind *k);

/* ---- pin.c ---- */
/* All return 0 or -1, reported. A file system of the type bpf is mounted at /sys/fs/bpf if that is
 * empty, nowhere else. */
int pin_at(struct inspect *x, int fd, const char *path);
/* Can something be pinned there? */
int pin_place(struct inspect *x, const char *path);
/* A directory for pins, made if only its last component is missing. */
int pin_dir(struct inspect *x, const char *dir, bool *ret_is_new);

/* ---- holders.c ---- */
void holders_read(struct inspect *x); /* x->holders as they are now */
void show_holders(struct inspect *x, enum held_kind kind, uint32_t id);
void show_pins(struct inspect *x, enum held_kind kind, uint32_t id);
/* A line's number in /proc/self/fdinfo of one of our descriptors, such as `memlock`; false: none.
 */
bool fdinfo_number(int fd, const char *name, uint64_t *ret);
bool fdinfo_text(int fd, const char *name, char *ret, size_t size_b);

/* ---- the objects, each in a folder of its own or with its like ---- */
extern const struct object batch_object, prog_object, map_object;
extern const struct object link_object, cgroup_object, perf_object, net_object, token_object;
extern const struct object top_object, feature_object, btf_object, gen_object_words;
extern const struct object struct_ops_object, iter_object;
/* NULL-terminated (objects.c) */
extern const struct object *const inspect_objects[], *const session_objects[];
/* ---- sessions.c ---- */
command_fn sessions_show;
int sessions_choose(struct inspect *x); /* the one that is asked from here on; or reported */
/* ---- the objects */
/* Lines of usage that explain words which several objects take. */
#define PROG_WORDS "       PROG := { id PROG_ID | pinned FILE | tag PROG_TAG | name PROG_NAME }\n"
#define MAP_WORDS "       MAP := { id MAP_ID | pinned FILE | name MAP_NAME }\n"

#endif
