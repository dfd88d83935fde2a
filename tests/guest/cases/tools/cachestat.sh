# timeout: 60
# 400 pages of a disk: brought in and read, then read again.
tool=/tools/cachestat.bt
slow-disk 0 || exit
trap 'slow-disk off' EXIT
cat >load.sh <<'END'
exec 3</dev/nullb0 # when nobody has it open its pages go
dd if=/dev/nullb0 of=/dev/null bs=4096 count=400 2>/dev/null
dd if=/dev/nullb0 of=/dev/null bs=4096 count=400 2>/dev/null
dd if=/dev/zero of=/dev/nullb0 bs=4096 count=60 2>/dev/null
exit 0
END
during 'sh load.sh' <<END || exit
all $tool
times $tool -T 100
json $tool --json 100
END
cat all times json
[ "$(head -n 1 all)" = '    HITS   MISSES  DIRTIES HITRATIO   BUFFERS_MB  CACHED_MB' ] && [ "$(tail -n 1 all)" = Detaching... ] || exit 1
[ "$(head -n 1 times)" = 'TIME         HITS   MISSES  DIRTIES HITRATIO   BUFFERS_MB  CACHED_MB' ] || exit 1
[ "$(sed 1d times | wc -l)" -eq 2 ] && sed -n 2p times | grep -qE '^[0-9:]{8} +[0-9]+ +[0-9]+ +[0-9]+ +[0-9]+\.[0-9]{2}% +[0-9]+ +[0-9]+$' || exit 1
# Reads come in folios of several pages.
awk 'NR == 2 { h = $2; m = $3; sub("%", "", $5); r = 100 * h / (h + m) - $5
	exit !(h >= 400 && m >= 20 && m < 900 && $4 >= 15 && $4 < 600 && r < 0.006 && r > -0.006) }' times || exit 1
kb() { awk -v w="$1:" '$1 == w { print int($2 / 1024) }' /proc/meminfo; }
awk -v b="$(kb Buffers)" -v c="$(kb Cached)" 'NR == 2 { exit !($6 <= b + 1 && $6 >= b - 1 && $7 <= c + 4 && $7 >= c - 4) }' times || exit 1
grep -qE '^\{"hits": [0-9]+, "misses": [0-9]+, "dirties": [0-9]+, "hitratio": "[0-9.]+%", "buffers_mb": [0-9]+, "cached_mb": [0-9]+\}$' json || exit 1
skep $tool 1 2 >out || exit
[ "$(grep -c % out)" -eq 2 ] || exit 1
# Without kprobes, by the pages of each read.
[ -d /sys/kernel/tracing/events/filemap/mm_filemap_get_pages ] || exit 0
sed "s/kprobe:[a-z_]*_accessed/kprobe:nothing/" $tool >plain.bt
sync
echo 1 >/proc/sys/vm/drop_caches
skep -q -c "sh load.sh" plain.bt 100 >out || exit
cat out
awk 'NR == 2 { exit !($1 + $2 >= 800 && $1 + $2 < 1600 && $1 >= 200 && $2 >= 300 && $2 < 700) }' out
