# timeout: 60
# Programs in bpftool's words: those of a script that runs, by name, number and tag.
ln -sf "$(command -v skep)" bpftool
cat >show.sh <<'END'
./bpftool prog show name sys_enter >plain && ./bpftool -j prog show name sys_enter >json || exit 1
id=$(sed -n '1s/:.*//p' plain) tag=$(sed -n '1s/.*tag \([0-9a-f]*\).*/\1/p' plain)
./bpftool prog show id "$id" | diff plain - && skep prog show tag "$tag" | diff plain - && skep prog list i "$id" | diff plain - || exit 1
./bpftool prog | grep -q "^$id: " || exit 1
./bpftool -j prog | grep -q "\"id\":$id,\"type\":" || exit 1
map=$(sed -n 's/.*map_ids \([0-9]*\).*/\1/p' plain)
./bpftool map show id "$map" >map || exit 1
END
skep -q -c 'sh show.sh' -e 'config = { max_map_keys = 77 } tracepoint:syscalls:sys_enter_sync { @[tid] = count(); }' >/dev/null || { cat plain json map; exit 1; }
cat plain json map
sed -n 1p plain | grep -qE '^[0-9]+: (tracepoint|raw_tracepoint|tracing)  name sys_enter  tag [0-9a-f]{16}  gpl( run_time_ns [0-9]+ run_cnt [0-9]+)?$' &&
	sed -n 2p plain | grep -qE '^	loaded_at [0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}[+-][0-9]{4}  uid 0$' &&
	sed -n 3p plain | grep -qE '^	xlated [0-9]+B  jited [0-9]+B  memlock [0-9]+B  map_ids [0-9,]+$' &&
	grep -qE '^	pids skep\([0-9]+\)$' plain || exit 1
grep -qE '^\{"id":[0-9]+,"type":"[a-z_]+","name":"sys_enter","tag":"[0-9a-f]{16}","gpl_compatible":true,("run_time_ns":[0-9]+,"run_cnt":[0-9]+,)?"loaded_at":[0-9]+,"uid":0,"orphaned":false,"bytes_xlated":[0-9]+,"jited":true,"bytes_jited":[0-9]+,"bytes_memlock":[0-9]+,"map_ids":\[[0-9,]+\],("btf_id":[0-9]+,)?"pids":\[\{"pid":[0-9]+,"comm":"skep"\}\]\}$' json || exit 1
grep -q 'max_entries 77' map || grep -q 'pids skep' map || exit 1
# It has ended.
id=$(sed -n '1s/:.*//p' plain)
skep prog show id "$id" 2>&1 | grep -qx "Error: get by id ($id): No such file or directory" || exit 1
skep prog show name sys_enter && exit 1
skep prog nonsense 2>&1 | grep -q '^Usage: skep prog { show | list } \[PROG\]$' && skep map help 2>&1 | grep -q '^Usage: skep map { show | list } \[MAP\]$'
