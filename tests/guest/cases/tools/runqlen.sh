# cfs_rq.nr_running has another name since 6.13. Eight processes for two CPUs.
skep -q -c 'work spin 700 8' /tools/runqlen.bt >out || exit
cat out
awk -F '[][)| ,]+' '/^\[/ && $2 >= 2 { n += $3 } END { exit !(n > 10) }' out
