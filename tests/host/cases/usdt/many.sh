# Wildcards over two files share one program; its cookie tells which place fired. Semaphores go with
# them.
# expect: @[libmarks.so:skep_lib:call]: 2
# expect: @[libmarks.so:skep_lib:watched]: 2
# expect: @[marks:skep_test:guarded]: 2
# expect: @[marks:skep_test:memory]: 2
# expect: @[marks:skep_test:operands]: 2
# expect: @[marks:skep_test:place]: 2
progs=$PWD # copies, which nobody else runs or traces
cp "$(command -v marks)" "$(dirname "$(command -v marks)")/libmarks.so" . || exit 2
skep -q -c './marks 2' -e "usdt:$progs/*marks*:skep_*:* { @[probe] = count(); }" |
	sed "s,usdt:$progs/,," | sort
