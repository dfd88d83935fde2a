/* `prog`: what there is to do with programs. */
#include "inspect/internal.h"
#include "inspect/prog/prog.h"

static const struct command prog_commands[] = {
    {"show", prog_show, "[PROG]"},
    {"list", prog_show, "[PROG]"},
    {NULL},
};

const struct object prog_object = {"prog", prog_commands, PROG_WORDS,
                                   "{-f|--bpffs} | {-m|--mapcompat} | {-n|--nomount} |\n"
                                   "                    {-L|--use-loader}"};
