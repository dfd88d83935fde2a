# Six processes for two CPUs: some have to wait for milliseconds.
skep -q -c 'work spin 400 6' /tools/runqlat.bt >out || exit
cat out
awk -F '[][)| ,]+' '/^\[/ && $2 ~ /^(1K|2K|4K|8K|16K|32K)$/ { late += $4 } /^\[/ { all++ }
	END { exit !(all > 2 && late > 20) }' out
