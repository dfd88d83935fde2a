/* `prog`: what there is to do with programs. */
#include "inspect/internal.h"
#include "inspect/prog/prog.h"

#define LOAD_WORDS                                                                                 \
	"OBJ PATH [type TYPE] [{ offload_dev | xdpmeta_dev } NAME]\n"                              \
	"[map { idx IDX | name NAME } MAP] [pinmaps MAP_DIR]\n"                                    \
	"[autoattach] [kernel_btf BTF_FILE]"
#define TYPE_WORDS "       TYPE := what SEC() says of a program: xdp, kprobe, cgroup/skb, ...\n"

/* clang-format off */
static const struct command prog_commands[] = {
    {"show", prog_show, "[PROG]", true},
    {"list", prog_show, "[PROG]", true},
    {"dump", prog_dump, "xlated PROG [{ file FILE | [opcodes] [linum] [visual] }]", true},
    {"dump", prog_dump, "jited  PROG [{ file FILE | [opcodes] [linum] }]", true},
    {"graph", prog_graph, "PROG [file FILE]", true},
    {"explain", prog_explain, "PROG", true},
    {"pin", prog_pin, "PROG FILE"},
    {"load", prog_load, LOAD_WORDS},
    {"loadall", prog_loadall, LOAD_WORDS},
    {"attach", prog_attach, "PROG ATTACH_TYPE [MAP]"},
    {"detach", prog_detach, "PROG ATTACH_TYPE [MAP]"},
    {"tracelog", prog_tracelog, "[{ stdout | stderr } PROG]"},
    {"run", prog_run,
     "PROG [data_in FILE [data_out FILE [data_size_out L]]]\n"
     "[ctx_in FILE [ctx_out FILE [ctx_size_out M]]] [repeat N]"},
    {"profile", prog_profile, "PROG [duration SECONDS] METRICs"},
    {"stats", prog_stats, "{ on | off | [PROG] [duration SECONDS] }"},
    {NULL},
};
/* clang-format on */

#define ATTACH_WORDS                                                                               \
	"       ATTACH_TYPE := { sk_msg_verdict | sk_skb_verdict | sk_skb_stream_verdict |\n"      \
	"                        sk_skb_stream_parser | flow_dissector }\n"
#define METRIC_WORDS                                                                               \
	"       METRIC := { cycles | instructions | l1d_loads | llc_misses | itlb_misses |\n"      \
	"                   dtlb_misses | cpu_clock }\n"

const struct object prog_object = {"prog", prog_commands,
                                   MAP_WORDS PROG_WORDS TYPE_WORDS ATTACH_WORDS METRIC_WORDS,
                                   "{-f|--bpffs} | {-m|--mapcompat} | {-n|--nomount} |\n"
                                   "                    {-L|--use-loader}"};
