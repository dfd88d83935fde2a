# requires: command -v cc
# requires-kernel: 6.12
# expect: inner
# expect: middle
# expect: main
# At its first instruction a function has no frame yet; its caller is there all the same.
cat >entry.c <<'END'
__attribute__((noinline)) int inner(int n) { return n + 1; }
__attribute__((noinline)) int middle(int n) { return inner(n) * 2; }
int main(void) { return middle(20) != 42; }
END
cc -O0 -fno-omit-frame-pointer -o entry entry.c || exit
skep -q -c ./entry -e 'uprobe:./entry:inner { print(ustack(3)); }' | sed 's/^ *//; s/+.*//' | grep -v '^$'
