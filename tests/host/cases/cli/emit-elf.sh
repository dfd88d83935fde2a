# A script as an ELF object: its sections, and nothing that our verifier refuses.
# timeout: 30
bad=0
say() { echo "$*"; bad=1; }
cat >script.bt <<'E'
begin { printf("hello %s\n", "you"); @n = 1; }
tracepoint:syscalls:sys_enter_openat { @[comm] = count(); @o[pid, str(args.filename)] = hist(args.flags); }
rawtracepoint:sched_switch { @sw++; }
interval:s:1 { for ($i : 0..1000) { @x[$i] = $i; } print(@n); }
profile:hz:99 { @k[kstack(3)] = count(); printf("%d %s\n", pid, comm); }
uprobe:$1:target_step { @u[usym(arg0)] = 1; for ($kv : @x) { print($kv); } }
uretprobe:$1:* { @r[probe] = sum(retval); }
end { printf("%s\n", "bye"); }
E
target=$(command -v target)
skep --emit-elf script.o --no-feature uprobe_multi script.bt "$target" >out 2>err || say 'not written'
[ ! -s out ] && [ ! -s err ] || { cat out err; say 'something was said'; }
skep vm disasm script.o >dis || say 'not read'
for line in '; program begin, section raw_tp' '; program end, section raw_tp' \
	'; program sched_switch, section [a-z_]*/sched_switch' '; program interval, section perf_event' \
	'; program profile, section perf_event' '; program target_step, section uprobe' \
	'; program .*, section uretprobe' \
	'.* r[0-9] = map\[idx:[0-9]*\] ll ; events' '.*(map\[idx:[0-9]*\] ll|map\[idx:[0-9]*\]\[0\].*) ; \.rodata' \
	'.* = func pc.* ; loop[0-9]*' 'loop[0-9]*:' '; script\.bt:4: interval:s:1 .*'; do
	grep -qxE -- "$line" dis || say "disasm: no line like $line"
done
skep vm verify script.o || say 'refused'
# One link for many of them, where the kernel has that
sections() { # OPTION...
	skep --emit-elf many.o "$@" -e "uprobe:$target:* { @[probe] = count(); }" && skep vm disasm many.o |
		sed -n 's/^; program .*, section //p'
}
[ "$(sections --no-feature uprobe_multi)" = uprobe ] || say 'without links for many'
if skep --info | grep -q 'uprobe_multi: yes'; then
	[ "$(sections)" = uprobe.multi ] || say 'a link for many'
fi
skep --emit-elf one.o -e 'interval:s:1 { for ($i : 0..1000) { @x[$i] = $i; } @n++; printf("%s %d\n", comm, @n); }' ||
	say 'one: not written'
skep vm verify --type perf_event one.o || say 'one: refused'
skep vm disasm one.o | grep -q '; \.data' || say 'one: no .data'
skep --emit-elf /dev/stdout -e 'begin { @ = 1; }' | od -An -tx1 -N4 | grep -qx ' 7f 45 4c 46' || say 'through a pipe'
fails() { # TEXT COMMAND...
	text=$1
	shift
	"$@" >out 2>err
	[ $? = 1 ] || say "$*: status"
	cat out err | grep -qxF -- "$text" || { say "$*: expected $text"; cat out err; }
}
fails 'ERROR: Failed to write output file: "/nowhere/x": No such file or directory' skep --emit-elf /nowhere/x -e 'begin { @ = 1; }'
fails 'ERROR: Failed to write output file: "/dev/full": No space left on device' skep --emit-elf /dev/full -e 'begin { @ = 1; }'
[ -c /dev/full ] || say '/dev/full is gone'
fails 'USAGE: Cannot use --emit-elf with -c or --aot.' skep --emit-elf x -c true -e 'begin { }'
fails 'USAGE: Cannot use --emit-elf with -c or --aot.' skep --emit-elf x --aot y -e 'begin { }'
fails 'USAGE: Cannot use --emit-elf with another mode.' skep --emit-elf x --test -e 'begin { }'
fails 'USAGE: Cannot use --emit-elf with --engine user: the object is for the kernel.' \
	skep --emit-elf x --engine user -e 'begin { }'
fails 'No probes to attach' skep --emit-elf x --probe-filter nothing -e 'begin { }'
fails 'stdin:1:9-11: ERROR: Undefined or undeclared variable: $x' skep --emit-elf x -e 'begin { $x; }'
[ ! -e x ] && [ ! -e y ] || say 'something was written'
exit $bad
