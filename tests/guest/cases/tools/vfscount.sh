# timeout: 60
tool=/tools/vfscount.bt
during 'work write f 10 250' <<END || exit
all $tool
json $tool --json
END
cat all
[ "$(head -n 1 all)" = 'Tracing... Ctrl-C to end.' ] && [ -z "$(sed -n 2p all)" ] &&
	[ "$(sed -n 3p all)" = 'ADDR             FUNC                          COUNT' ] || exit 1
address=$(awk '$3 == "vfs_write" { print $1 }' /proc/kallsyms)
awk -v a="$address" '$1 == a && $2 == "vfs_write" && $3 >= 250 && $3 < 290 { n++ } END { exit n != 1 }' all || exit 1
# The most frequent one last.
awk 'NR > 3 && $3 + 0 < last { n++ } { last = $3 + 0 } END { exit n }' all || exit 1
grep -qE '^\{"addr": "?[0-9a-fx]+"?, "func": "vfs_write", "count": 2[5-8][0-9]\}$' json || { cat json; exit 1; }
skep $tool 1 >out || exit
grep -q vfs_ out
