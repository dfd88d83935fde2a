# Called by the peer's name, it answers as the peer does.
# expect-re: ^bpftrace v[0-9]+\.[0-9]+\.[0-9]+
# expect: hi
ln -s "$(command -v skep)" bpftrace
./bpftrace -V
./bpftrace -q -e 'BEGIN { printf("hi\n"); exit(); }'
