# timeout: 120
# A program from its start; then what the kernel keeps of 200 pipes and of a mount.
skep memleak -c 'chain kinds' -o 0 >out || exit
for n in 33 44 55 66 77 88 128 8192 200000; do
	grep -q "	$n bytes in 1 allocations from stack" out || { cat out; exit 1; }
done
[ "$(grep -c ' bytes in ' out)" -eq 9 ] && grep -qE '^		0x[0-9a-f]{16}	kinds\+0x[0-9a-f]+ \[chain\]$' out || exit 1

# begin FILE OPTIONS...
begin() {
	file=$1
	shift
	skep memleak --max-allocs 20000 "$@" 1000 >$file &
	all="$all $!"
	until grep -q '^Attaching to kernel allocators, Ctrl+C to quit.$' $file; do sleep 0.1; done
}
all=
begin kernel --combined-only --wa-missing-free --sort count -z 600 -Z 1100
begin percpu --percpu -o 0 -T 30 -Z 100
chain pipes 200 done &
pipes=$!
mkdir -p at && mount -t tmpfs none at
until [ -e done ]; do sleep 0.1; done
kill -INT $all
for p in $all; do wait $p || exit; done
rm done
umount at
wait $pipes
awk '/ bytes in / { n = $4 } n == 200 && /	alloc_pipe_info\+0x[0-9a-f]+ \[kernel\]$/ { pipes = 1 }
	on && /	(bpf_prog_|bpf_trace_run|__traceiter_|perf_trace_|trace_event_)/ { print; bad = 1 } # where memory was asked for
	{ on = / bytes in / } END { exit !pipes || bad }' kernel || { cat kernel; exit 1; }
grep -qE '	(vfs_get_tree|shmem_fill_super)\+0x' percpu || { cat percpu; exit 1; }
