/* What the files of this room share. */
#ifndef SKEP_HOST_INTERNAL_H
#define SKEP_HOST_INTERNAL_H

#include <regex.h>

#include "host/host.h"
#include "host/value.h"

enum jump { JUMP_NONE, JUMP_BREAK, JUMP_CONTINUE, JUMP_RETURN };

struct host {
	const struct image *img;
	const struct image_host *code;
	struct output *out;
	struct symbols *syms;
	struct host_world world;
	struct value *maps;   /* of the host alone, by image_host.maps: a VALUE_MAP, or a scalar */
	struct value *locals; /* of the handler that runs */
	const struct value *row; /* fields of the row at hand, n_row of them */
	uint32_t n_row, row_table;
	enum jump jump;
	bool is_ending;    /* exit() was called */
	bool has_reported; /* the last report came by its time */
	uint64_t n_reports;
	uint64_t *next_ns;           /* by handler: when it is due on the boot clock */
	uint64_t start_ns, first_ns; /* boot clock; first_ns 0: not yet */
	bool *has_header;            /* by table: CSV has written its own */
	bool has_hist_header;        /* so have histograms */
	char *pattern;               /* that `regex` was made of, or NULL */
	regex_t regex;
	unsigned depth; /* of handlers of rows that emit rows */
};

uint64_t host_now_ns(void);

/* ---- run.c ---- */
struct value host_eval(struct host *h, uint32_t op);
/* Fresh locals; the outer ones, to be given back. */
struct value *host_enter(struct host *h);
void host_leave(struct host *h, struct value *outer);
/* Run a handler's body with fresh locals. */
void host_run(struct host *h, uint32_t body);

/* ---- maps.c ---- */
/* A value as a program left it. */
struct value host_convert(const struct type *t, const void *bytes);
struct value host_whole(struct host *h, uint32_t map, bool is_taken);
struct value host_get(struct host *h, uint32_t map, const struct value *keys, uint32_t n);
/* Takes v over. */
void host_set(struct host *h, uint32_t map, const struct value *keys, uint32_t n, struct value v);
void host_clear(struct host *h, uint32_t map);
/* Of the host's own maps; takes the key over. */
bool host_delete(struct host *h, uint32_t map, struct value key);

/* ---- text.c ---- */
void host_text(struct host *h, struct value v, struct strbuf *out);
struct strbuf host_text_of(struct host *h, struct value v); /* to be freed with sb_free() */
/* printf: values[0] is the format. */
void host_format(struct host *h, const struct value *values, uint32_t n, struct strbuf *out);

/* ---- table.c ---- */
enum host_rows host_rows_of(const struct host *h);
void host_header(struct host *h, uint32_t table);
/* Fields in the table's order: through `where`, to the handler or to the output. */
void host_emit_row(struct host *h, uint32_t table, const struct value *fields, uint32_t n);
void host_json_value(struct host *h, struct value v, int precision, struct strbuf *out);
void host_csv_cell(struct strbuf *out, const char *s, size_t n);
/* The row at hand as it is. */
void host_show_row(struct host *h);

/* ---- call.c ---- */
struct value host_call(struct host *h, const struct host_op *op);

/* A map's entries as pairs, anything else as a list of one. */
struct value host_as_list(struct value v);
void host_forget_pattern(struct host *h);

/* ---- functions, by what they are about: arguments are borrowed ---- */
typedef struct value host_fn(struct host *h, const struct value *args, uint32_t n);
host_fn host_fn_int, host_fn_float, host_fn_abs, host_fn_min, host_fn_max, host_fn_floor,
    host_fn_round, host_fn_log2;
host_fn host_fn_str, host_fn_format, host_fn_len, host_fn_contains, host_fn_matches, host_fn_starts,
    host_fn_substr, host_fn_replace, host_fn_split, host_fn_join, host_fn_trim, host_fn_lower,
    host_fn_upper, host_fn_escape, host_fn_bit_names;
host_fn host_fn_keys, host_fn_values, host_fn_reverse, host_fn_first, host_fn_last, host_fn_push,
    host_fn_has;
host_fn host_fn_printf, host_fn_banner, host_fn_warn, host_fn_print_hist, host_fn_clear_screen,
    host_fn_exit, host_fn_row, host_fn_print, host_fn_n_probes;
host_fn host_fn_now, host_fn_strftime, host_fn_since_first, host_fn_since_start;
host_fn host_fn_read_file, host_fn_read_link, host_fn_glob, host_fn_comm_of, host_fn_user_name,
    host_fn_disk_name, host_fn_errno_name, host_fn_signal_name, host_fn_syscall_name,
    host_fn_tcp_state, host_fn_journal, host_fn_dns_answers, host_fn_capability_name;
host_fn host_fn_frames, host_fn_folded, host_fn_missed;

#endif
