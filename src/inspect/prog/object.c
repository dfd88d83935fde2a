/* `prog`: what there is to do with programs. */
#include "inspect/internal.h"
#include "inspect/prog/prog.h"

#define LOAD_WORDS                                                                                 \
	"OBJ PATH [type TYPE] [{ offload_dev | xdpmeta_dev } NAME] [map { idx IDX | name NAME } "  \
	"MAP] [pinmaps MAP_DIR] [autoattach] [kernel_btf BTF_FILE]"
#define TYPE_WORDS "       TYPE := what SEC() says of a program: xdp, kprobe, cgroup/skb, ...\n"

/* clang-format off */
static const struct command prog_commands[] = {
    {"show", prog_show, "[PROG]", true},
    {"list", prog_show, "[PROG]", true},
    {"dump", prog_dump, "xlated PROG [{ file FILE | [opcodes] [linum] [visual] }]"},
    {"dump", prog_dump, "jited  PROG [{ file FILE | [opcodes] [linum] }]"},
    {"pin", prog_pin, "PROG FILE"},
    {"load", prog_load, LOAD_WORDS},
    {"loadall", prog_loadall, LOAD_WORDS},
    {NULL},
};
/* clang-format on */

const struct object prog_object = {"prog", prog_commands, MAP_WORDS PROG_WORDS TYPE_WORDS,
                                   "{-f|--bpffs} | {-m|--mapcompat} | {-n|--nomount} |\n"
                                   "                    {-L|--use-loader}"};
