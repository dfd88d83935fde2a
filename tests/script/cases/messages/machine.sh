# What is said when the machine lacks something: here it is made to.
bad=0
say() { # TEXT OPTION...
	text=$1
	shift
	skep --mode codegen "$@" >out 2>err
	grep -qF -- "$text" err && return
	echo "expected: $text"
	cat err
	bad=1
}
nothing() { BPFTRACE_BTF=/dev/null say "$@"; }
nothing "fentry needs the kernel's BTF, and there is none" -e 'fentry:vfs_read { }'
nothing "HINT: use kprobe:vfs_read" -e 'fentry:vfs_read { }'
nothing "iter needs the kernel's BTF, and there is none" -e 'iter:task { }'
nothing "ppid needs the kernel's BTF" -e 'begin { print(ppid); }'
say 'Could not determine boundary for _init (symbol has size 0).' -e "uprobe:$(command -v target):_init+1 { }"
say 'HINT: Use --unsafe to force attachment.' -e "uprobe:$(command -v target):_init+1 { }"
say "Could not resolve symbol: $(command -v target):nosuch" -e "uprobe:$(command -v target):target_step { print(uaddr(\"nosuch\")); }"
say 'nosuchthing is not traceable (either non-existing, inlined, or marked as "notrace"); attaching to it will likely fail' \
	-e 'kprobe:nosuchthing { }'
say 'output from inside a loop needs a ring buffer (kernel 5.8)' --no-feature ringbuf -e 'begin { @a[1] = 1; for ($k : @a) { printf("x"); } }'
unshare --pid --fork skep --mode codegen -e 'begin { print(comm(1)); }' 2>err
grep -q 'ERROR: comm() of another task is not known inside a pid namespace' err || { cat err; bad=1; }
say 'bpf_strlen needs the kernel: the user engine calls none of its functions' \
	--engine user -c true -e 'begin { print(bpf_strlen("a")); }'
printf 'begin { }\0' >nul.bt
say 'nul.bt:1:10-11: ERROR: syntax: unexpected byte 0x00' nul.bt
i=1
echo 'macro a0() { 1 }' >deep.bt
while [ $i -lt 4100 ]; do
	echo "macro a$i() { a$((i - 1))() }"
	i=$((i + 1))
done >>deep.bt
echo 'begin { print(a4099()); }' >>deep.bt
say 'macros nest too deep here' deep.bt
exit $bad
