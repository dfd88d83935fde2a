# Many functions: by wildcard and by name, also those whose names the kernel has twice, all at once.
# timeout: 180
# expect: wildcard
# expect: entry and return
# expect: named
# expect: missing
set -e
run='dd if=/dev/zero of=/dev/null bs=1 count=50'
# Of the names ending in _show and the like, some stand for several functions: active_show.
few='config = { max_probes = 1000 } kprobe:*vfs_read, kprobe:acti*_show, kprobe:a*e_show, kprobe:vfs_w*'
skep -c "$run" -e "$few { @[probe] = count(); }" >out 2>err
grep -q WARNING err && cat err && exit 1
n=$(sed -n 's/^Attached \([0-9]*\) probes$/\1/p' err)
[ "$n" -ge 16 ]
[ "$(sed -n 's/^@\[kprobe:vfs_read\]: //p' out)" -ge 50 ] && echo wildcard
skep -c "$run" -e "$few { @ = count(); } kretprobe:vfs_read { @r = count(); }" >out 2>err
grep -q WARNING err && cat err && exit 1
[ "$(sed -n 's/^@: //p' out)" -ge 100 ] && [ "$(sed -n 's/^@r: //p' out)" -ge 50 ] && echo entry and return
# One link holds them where the kernel has such links; where not, each takes its time. None of
# these functions is called often.
n=20
skep --info | grep -q 'kprobe_multi: yes' && n=1000
{
	echo 'config = { max_probes = 20000 }'
	skep -l 'kprobe:x*,kprobe:usb*,kprobe:acpi*,kprobe:pci*' | grep -v '[.]' |
		awk -F: 'NF == 2' | head -n $n | tr '\n' ','
	echo 'kprobe:vfs_read { @ = count(); }'
} >named.bt
skep -c "$run" named.bt >out 2>err
grep -q WARNING err && cat err && exit 1
grep -qx "Attached $((n + 1)) probes" err && [ "$(sed -n 's/^@: //p' out)" -ge 50 ] && echo named
# One that is not there is left out, and the others count.
{
	echo 'config = { missing_probes = warn }'
	skep -l 'kprobe:vfs_*' | head -n 20 | tr '\n' ','
	echo 'kprobe:nonesuch, kprobe:vfs_read { @ = count(); }'
} >missing.bt
skep -c "$run" missing.bt >out 2>err
grep -q 'Unable to attach probe: kprobe:nonesuch. Skipping. (no such function, or it is inlined)' err
grep -qx "Attached $(($(skep -l 'kprobe:vfs_*' | head -n 20 | wc -l) + 1)) probes" err
[ "$(sed -n 's/^@: //p' out)" -ge 50 ] && echo missing
