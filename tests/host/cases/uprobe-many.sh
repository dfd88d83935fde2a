# A thousand uprobes with blocks of their own: on, counted and off in no time, as no event has to
# wait for another; with and without the kernel's links for many.
# expect: 300 300 @: 90300
# expect: 9 9 @: 3000
cp "$(command -v target)" here || exit 2
for n in 300 9; do
	echo 'config = { max_probes = 2000; max_bpf_progs = 2000 }' >many.bt
	for i in $(seq $n); do
		echo 'uprobe:./here:target_step /pid == cpid/ { @ = count(); }'
	done >>many.bt
	echo 'uretprobe:./here:target_step /pid == cpid/ { @ = count(); }' >>many.bt
	[ $n = 9 ] && option='--no-feature uprobe_multi'
	skep $option -c './here 300' many.bt >out 2>err
	echo "$n $(($(sed -n 's/^Attached \([0-9]*\) probes/\1/p' err) - 1)) $(tr -d '\n' <out)"
done
