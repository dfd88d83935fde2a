/* `prog attach`, `detach`: programs of sockets to the map that holds these, and the one that
 * dissects a network namespace's flows. Others are attached by links or elsewhere. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "inspect/prog/prog.h"

static const struct {
	const char *name, *old_name;
	enum bpf_attach_type type;
} attach_types[] = {
    {"sk_skb_stream_parser", "stream_parser", BPF_SK_SKB_STREAM_PARSER},
    {"sk_skb_stream_verdict", "stream_verdict", BPF_SK_SKB_STREAM_VERDICT},
    {"sk_msg_verdict", "msg_verdict", BPF_SK_MSG_VERDICT},
    {"sk_skb_verdict", "skb_verdict", BPF_SK_SKB_VERDICT},
    {"flow_dissector", NULL, BPF_FLOW_DISSECTOR},
};
enum { TYPE_N = sizeof(attach_types) / sizeof(attach_types[0]) };

struct attachment {
	int prog, map; /* 0: none; map -1: not opened */
	enum bpf_attach_type type;
};

/* A new name as a whole, an old one by any beginning of it. */
static int type_of(const char *word)
{
	for (int i = 0; i < TYPE_N; i++)
		if (!strcmp(word, attach_types[i].name))
			return i;
	for (int i = 0; i < TYPE_N; i++)
		if (attach_types[i].old_name && word_is(word, attach_types[i].old_name))
			return i;
	return -1;
}

static int parse(struct inspect *x, struct words *w, struct attachment *a)
{
	int type;

	if (!words_need(x, w, 3))
		return -EINVAL;
	a->prog = prog_of(x, w);
	if (a->prog < 0)
		return a->prog;
	type = type_of(word_next(w));
	if (type < 0) {
		inspect_error(x, "invalid attach/detach type");
		return -EINVAL;
	}
	a->type = attach_types[type].type;
	if (a->type == BPF_FLOW_DISSECTOR) {
		a->map = 0; /* the kernel wants none */
	} else {
		if (!words_need(x, w, 2))
			return -EINVAL;
		a->map = map_of(x, w);
		if (a->map < 0)
			return a->map;
	}
	if (w->n)
		return inspect_error(x, "expected no more arguments, got: %s", w->at[0]);
	return 0;
}

static int run(struct inspect *x, struct words *w, bool attaches)
{
	struct attachment a = {-1, -1, 0};
	int status = parse(x, w, &a), err = 0;

	if (!status)
		err = attaches ? bpf_prog_attach(a.prog, a.map, a.type, 0)
		               : bpf_prog_detach2(a.prog, a.map, a.type);
	if (err) {
		status = -EINVAL;
		inspect_error(x,
		              attaches ? "failed prog attach to map: %s"
		                       : "failed prog detach from map: %s",
		              strerror(errno));
	} else if (!status) {
		say_done(x);
	}
	if (a.map > 0)
		close(a.map);
	if (a.prog >= 0)
		close(a.prog);
	return status;
}

int prog_attach(struct inspect *x, struct words *w)
{
	return run(x, w, true);
}

int prog_detach(struct inspect *x, struct words *w)
{
	return run(x, w, false);
}
