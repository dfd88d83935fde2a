# What is wrong with a line, or with a file, is said as bpftool says it.
ln -s "$(command -v skep)" bpftool
file=/sys/kernel/btf/vmlinux
beside -e '/^Usage:/,$d' -e '/^libbpf: /d' <<END || exit
btf dump
-j btf show id
btf dump id
btf dump map
btf dump foo 1
btf dump id x
btf dump file /nowhere
-j btf dump file /nowhere
btf dump file /bin/true
btf dump file $file foo
btf dump file $file format x
btf dump file $file format C
-j btf dump file $file format c
btf show id 999999999
btf show foo 1
btf show id
btf show id x
btf show id 1 2
btf dump prog id 999999999
btf dump map id 999999999
btf foo
btf help
END
refused() { # STATUS MESSAGE LINE...
	left=$1 message=$2
	shift 2
	./bpftool "$@" >out 2>err
	[ $? = "$left" ] && tail -n 1 err | grep -qxF "Error: $message" || { echo "$*:"; head -n 3 out err; exit 1; }
}
refused 255 'get btf by id (999999999): No such file or directory' btf dump id 999999999
refused 95 'failed to load BTF from /etc/passwd: BPF object format invalid' btf dump file /etc/passwd
refused 255 "failed to parse base BTF at '/nowhere': No such file or directory" -B /nowhere btf dump id 1
refused 234 "expecting value for 'format' option" btf dump file $file format
refused 234 "expecting value for 'root_id' option" btf dump file $file root_id
refused 234 'invalid root ID: 999999' btf dump file $file root_id 999999
refused 234 'invalid root ID: 0' btf dump file $file root_id 0
refused 234 'invalid root ID: four' btf dump file $file root_id four
refused 234 'duplicate root_id 4 supplied' btf dump file $file root_id 4 root_id 4
refused 249 'only 16 types can be asked for by root_id' btf dump file $file $(seq -f 'root_id %g' 17)
./bpftool -j btf dump id 999999999 | grep -qxF '{"error":"get btf by id (999999999): No such file or directory"}' || exit
/usr/sbin/bpftool map create /sys/fs/bpf/btf_words type hash key 4 value 4 entries 1 name words || exit
trap 'rm /sys/fs/bpf/btf_words' EXIT
refused 255 'get btf by id (0): No such file or directory' btf dump map pinned /sys/fs/bpf/btf_words key root_id 1
