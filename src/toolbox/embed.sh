#!/bin/sh
# Writes C that holds all scripts of a directory, by name:
#   embed.sh OUTPUT DIRECTORY
# It runs with every build, as scripts come and go; the output is only touched if it changes.
LC_ALL=C
export LC_ALL
out=$1
{
	echo '#include "toolbox/bundled.h"'
	echo 'const struct bundled_tool bundled_tools[] = {'
	for file in "$2"/*.bt; do
		name=${file##*/}
		printf '{"%s",\n' "${name%.bt}"
		sed 's/\\/\\\\/g; s/"/\\"/g; s/.*/"&\\n"/' "$file"
		echo '},'
	done
	echo '};'
	echo 'const size_t n_bundled_tools = sizeof(bundled_tools) / sizeof(bundled_tools[0]);'
} >"$out.new"
if cmp -s "$out.new" "$out"; then rm "$out.new"; else mv "$out.new" "$out"; fi
