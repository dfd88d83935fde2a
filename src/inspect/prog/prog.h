/* The commands of `prog`. */
#ifndef SKEP_INSPECT_PROG_H
#define SKEP_INSPECT_PROG_H

#include "inspect/internal.h"

command_fn prog_show;
command_fn prog_pin, prog_load, prog_loadall;

#endif
