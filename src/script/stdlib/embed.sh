#!/bin/sh
# Writes C that holds the library's modules and the names of their macros:
#   embed.sh OUTPUT MODULE.bt...
out=$1
shift
{
	echo '#include "script/stdlib.h"'
	echo '#include "script/stdlib_modules.h"'
	echo 'const struct stdlib_module stdlib_modules[] = {'
	for file; do
		name=$(basename "$file" .bt)
		printf '{"%s", "stdlib/%s.bt",\n"' "$name" "$name"
		sed -n 's/^macro \([A-Za-z_0-9]*\).*/\1/p' "$file" | while read -r macro; do
			printf ' %s' "$macro"
		done
		echo ' ",'
		sed 's/\\/\\\\/g; s/"/\\"/g; s/.*/"&\\n"/' "$file"
		echo '},'
	done
	echo '{0}};'
} >"$out"
