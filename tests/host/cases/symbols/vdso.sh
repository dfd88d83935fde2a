# Code that the kernel maps into every process has names, and no file.
# timeout: 60
set -e
for engine in kernel user; do
	skep -q --engine $engine -e 'profile:hz:999 /pid == cpid/ { @[ustack(perf, 1)] = count(); }' \
		-c "$(command -v frames) clock" >out
	grep -qE ' (__vdso_)?clock_gettime\+[0-9]+ \(\[vdso\]\)$' out || { echo $engine; cat out; exit 1; }
done
