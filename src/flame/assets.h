/* Files that become part of every picture (embed.sh). */
#ifndef SKEP_FLAME_ASSETS_H
#define SKEP_FLAME_ASSETS_H

extern const char flame_flame_css[], flame_flame_js[];

#endif
