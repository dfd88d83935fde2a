# timeout: 60
# requires: test -e "$(dirname "$(command -v work)")/listing.bpf.o"
# What `prog show` tells beside the kernel's own description: metadata, how often it ran, cookies.
p=/sys/fs/bpf/prog_about
stats=$(cat /proc/sys/kernel/bpf_stats_enabled)
trap 'rm -rf $p; echo "$stats" >/proc/sys/kernel/bpf_stats_enabled' EXIT
objects=$(dirname "$(command -v work)")
mkdir $p && /usr/sbin/bpftool prog loadall "$objects/listing.bpf.o" $p || exit
bad() { echo "$*"; status=1; }
status=0
show() { # every form of the programs
	for options in '' -f -j -p; do
		echo "$options prog show pinned $p/listing_xdp"
		echo "$options prog show pinned $p/listing_point"
	done | beside -e 's/"orphaned":false,//' -e '/"orphaned": false,/d' | cut -c 1-300
}
show >out
[ -s out ] && cat out && status=1
[ "$(skep prog show pinned $p/listing_xdp | sed -n '/^	metadata:/,$p')" = "	metadata:
		number = 42
		version = \"1.2.3\"
		nested = {\"a\":3,\"name\":\"\\\"x\\\"\"}" ] || bad "metadata: $(skep prog show pinned $p/listing_xdp)"
skep prog show pinned $p/listing_xdp -j |
	grep -qF '"metadata":{"number":42,"version":"1.2.3","nested":{"a":3,"name":"\"x\""}}}' || bad 'metadata as JSON'

echo 1 >/proc/sys/kernel/bpf_stats_enabled
head -c 64 /dev/zero >packet
skep prog run pinned $p/listing_xdp data_in packet repeat 3 >ran || cat ran
echo "$stats" >/proc/sys/kernel/bpf_stats_enabled
skep prog show pinned $p/listing_xdp | head -n 1 | grep -qE '  gpl run_time_ns [1-9][0-9]* run_cnt 3$' || bad "$(skep prog show pinned $p/listing_xdp)"
skep prog show pinned $p/listing_xdp -j | grep -qE '"gpl_compatible":true,"run_time_ns":[1-9][0-9]*,"run_cnt":3,"loaded_at"' || bad 'run_cnt as JSON'
skep prog dump xlated tag "$(skep prog show pinned $p/listing_point -j | sed 's/.*"tag":"//; s/".*//')" >dump || status=1
show >out
[ -s out ] && cat out && status=1

# One link for many functions hands each a cookie; the first that is not 0 is shown.
cat >ask.sh <<'END2'
for id in $(skep link show | sed -n 's/^[0-9]*: uprobe_multi  prog \([0-9]*\)  *$/\1/p'); do
	skep prog show id "$id" >cookie && grep -q bpf_cookie cookie && skep prog show id "$id" -j >cookie.json && exit
done
END2
skep -q -c 'sh ask.sh' -e "uprobe:$(command -v work):* { @[probe] = count(); }" >/dev/null 2>&1
grep -qxE '	bpf_cookie [1-9][0-9]*' cookie && grep -qE '"bpf_cookie":[1-9][0-9]*,"pids":\[' cookie.json || bad "cookies: $(cat cookie cookie.json)"
exit $status
