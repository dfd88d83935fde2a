# A verb's name is no script, but ./vm is; called as bpftrace there are no verbs.
# exit: 1
# expect-err-re: ^vm:2:1-2: ERROR: syntax: expected '\{'$
# expect-err-re: ^vm:2:1-2: ERROR: syntax: expected '\{'$
echo 'nope' >vm
ln -s "$(command -v skep)" bpftrace
skep ./vm
./bpftrace vm
