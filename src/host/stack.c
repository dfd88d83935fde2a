/* Functions that read stacks: their frames as lists, and folded to a line as flame graphs take
 * them.
 *
 * A stack that was taken when there was no room for one more has no frames any more; where they
 * would be it says so, as BCC does. */
#include <string.h>

#include "host/internal.h"

static bool is_stack(struct value v)
{
	return v.kind == VALUE_TYPED &&
	       (v.bytes->type->kind == TYPE_KSTACK || v.bytes->type->kind == TYPE_USTACK);
}

static unsigned read_how(struct value v)
{
	static const struct {
		char letter;
		unsigned how;
	} rows[] = {{'o', FRAME_OFFSET},
	            {'m', FRAME_MODULE},
	            {'a', FRAME_ADDRESS},
	            {'k', FRAME_MARKED},
	            {'t', FRAME_TRIMMED}};
	unsigned how = 0;

	for (size_t i = 0; v.kind == VALUE_TEXT && i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strchr(v.text->s, rows[i].letter))
			how |= rows[i].how;
	return how;
}

static void add_frame(void *arg, const char *text)
{
	value_list_add(arg, value_text(text));
}

/* No list of frames if it is no stack. */
static struct value frames_of(struct host *h, struct value stack, unsigned how)
{
	struct value list = value_new_list();

	if (is_stack(stack) && output_stack_frames(h->out, stack.bytes->type, stack.bytes->bytes,
	                                           how, add_frame, list.list) < 0)
		add_frame(list.list, stack.bytes->type->kind == TYPE_USTACK
		                         ? "[Missed User Stack]"
		                         : "[Missed Kernel Stack]");
	return list;
}

struct value host_fn_frames(struct host *h, const struct value *args, uint32_t n)
{
	return frames_of(h, args[0], n > 1 ? read_how(args[1]) : 0);
}

struct value host_fn_missed(struct host *h, const struct value *args, uint32_t n)
{
	(void)n;
	return value_int(is_stack(args[0]) &&
	                 output_stack_frames(h->out, args[0].bytes->type, args[0].bytes->bytes, 0,
	                                     NULL, NULL) < 0);
}

/* A name as one element: `;` stands between them. */
static void add_element(struct strbuf *out, const char *s)
{
	sb_addc(out, ';');
	for (; *s; s++)
		sb_addc(out, *s == ';' ? ':' : *s);
}

/* Outermost first. */
static void add_folded(struct strbuf *out, const struct value_list *l)
{
	for (size_t i = l->n; i > 0; i--)
		add_element(out, l->items[i - 1].text->s);
}

/* folded(name, user stack, kernel stack [, how]) */
struct value host_fn_folded(struct host *h, const struct value *args, uint32_t n)
{
	struct value how = n > 3 ? args[3] : value_none();
	struct value user = frames_of(h, args[1], read_how(how));
	struct value kernel = frames_of(h, args[2], read_how(how));
	own_strbuf struct strbuf name = host_text_of(h, args[0]), out = {0};

	add_element(&out, sb_str(&name));
	add_folded(&out, user.list);
	if (how.kind == VALUE_TEXT && strchr(how.text->s, 'd') && user.list->n && kernel.list->n)
		sb_adds(&out, ";-");
	add_folded(&out, kernel.list);
	value_drop(user);
	value_drop(kernel);
	return value_text_n(out.s + 1, out.n - 1);
}
