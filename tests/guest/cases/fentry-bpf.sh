# Functions of loaded BPF programs: entry and result, by name, by number, by wildcard.
# timeout: 60
# expect-re: ^fentry:bpf:[0-9]+:sys_exit$
# expect-re: ^@n\[fentry:bpf:[0-9]+:sys_exit\]: [1-9]
# expect-re: ^@r\[0\]: [1-9]
# expect-re: ^@w\[fentry:bpf:[0-9]+:sys_exit\]: [1-9]
# expect: done
skep -q -e 'tracepoint:raw_syscalls:sys_exit { @y = args.ret; }' >/dev/null 2>&1 &
other=$!
trap 'kill $other' EXIT
wait-until 'skep -l "fentry:bpf:*" | grep :sys_exit'
skep -l 'fentry:bpf:*'
id=$(skep -l 'fentry:bpf:*' | sed -n 's/^fentry:bpf:\([0-9]*\):sys_exit$/\1/p')
ls='ls /'
skep -q -c "$ls" -e 'fentry:bpf:sys_exit { @n[probe] = count(); }' | grep @ || exit 1
skep -q -c "$ls" -e "fexit:bpf:$id:sys_exit { @r[retval] = count(); }" | grep @ || exit 1
skep -q -c "$ls" -e 'fentry:bpf:sys_e* { @w[probe] = count(); }' | grep @ || exit 1
skep -e 'fentry:bpf:sys_exit { args.x }' 2>&1 | grep -q 'The arguments of fentry:bpf:[0-9]*:sys_exit are not known here' || exit 1
skep -e 'fentry:bpf:sys_exi { }' 2>&1 | grep -q 'did you mean fentry:bpf:sys_exit?' || exit 1
skep -e 'fentry:bpf:x:sys_exit { }' 2>&1 | grep -q 'Invalid program id: x' || exit 1
echo done
