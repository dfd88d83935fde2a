# Entry and return of one function are one program from 6.10 on, and the same is seen.
# expect: Attached 2 probes
# expect: @in[kprobe:vfs_read, vfs_read]: 50
# expect: @out[kretprobe:vfs_read, vfs_read, 1]: 50
script='kretprobe:vfs_read /pid == cpid && retval == 1/ { @out[probe, func, retval] = count(); }
kprobe:vfs_read /pid == cpid && arg2 == 1/ { @in[probe, func] = count(); }'
run='dd if=/dev/zero of=/dev/null bs=1 count=50'
skep -c "$run" -e "$script" >one 2>err || exit 1
grep Attached err
cat one
for off in kprobe_session kprobe_multi; do
	skep --no-feature $off -c "$run" -e "$script" >two 2>err || exit 1
	cmp one two || exit 1
done
case $(skep --info) in *'kprobe_session: yes'*) want=1 ;; *) want=2 ;; esac
n=$(skep --dry-run -d bpf -e "$script" 2>/dev/null | grep -c '^; program')
[ "$n" -eq $want ] || { echo "$n programs"; exit 1; }
n=$(skep --no-feature kprobe_session --dry-run -d bpf -e "$script" 2>/dev/null | grep -c '^; program')
[ "$n" -eq 2 ] || { echo "$n programs without"; exit 1; }
skep -v --dry-run -e "$script" 2>&1 | grep 'verifier refuses' && exit 1
case $(uname -r) in 6.12.*) [ $want -eq 1 ] ;; esac
