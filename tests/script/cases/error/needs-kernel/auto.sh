# Chosen by itself where bpf(2) is refused, with one line on stderr.
# requires: [ "$(id -u)" -ne 0 ] || setpriv --reuid=65534 --clear-groups --bounding-set=-all true
# expect: here
# expect-err-re: ^The kernel's BPF is out of reach \(.*\): using --engine=user$
run=
[ "$(id -u)" -ne 0 ] || run="setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all --inh-caps=-all"
cp "$(readlink -f "$(command -v skep)")" here
chmod 755 . here
$run ./here -e 'begin { printf("here\n"); exit(); }'
