#!/bin/sh
# Writes C that holds files as strings, flame_NAME_TYPE for NAME.TYPE, without their indentation and
# the lines that are comments only:
#   embed.sh OUTPUT FILE...
out=$1
shift
{
	echo '#include "flame/assets.h"'
	for file; do
		echo "const char flame_$(basename "$file" | tr . _)[] ="
		sed 's/^[[:blank:]]*//; /^\/\//d; /^\/\*.*\*\/$/d; /^$/d
			s/\\/\\\\/g; s/"/\\"/g; s/.*/"&\\n"/' "$file"
		echo ';'
	done
} >"$out"
