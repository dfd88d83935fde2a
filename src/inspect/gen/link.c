/* `gen object`: several BPF objects as one. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "inspect/gen/gen.h"

int gen_object(struct inspect *x, struct words *w)
{
	struct bpf_linker *linker;
	const char *out;
	int err = 0;

	if (!gen_need(x, w, 2))
		return -1;
	fflush(stdout);
	out = word_next(w);
	linker = bpf_linker__new(out, NULL);
	if (!linker)
		return inspect_error(x, "failed to create BPF linker instance");
	while (w->n && !err) {
		const char *in = word_next(w);

		err = bpf_linker__add_file(linker, in, NULL);
		if (err)
			inspect_error(x, "failed to link '%s': %s (%d)", in,
			              btf_error_text(x, -err), -err);
	}
	if (!err) {
		err = bpf_linker__finalize(linker);
		if (err)
			inspect_error(x, "failed to finalize ELF file: %s (%d)",
			              btf_error_text(x, -err), -err);
	}
	bpf_linker__free(linker);
	if (!err)
		say_done(x);
	return err;
}
