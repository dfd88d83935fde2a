# Lines of folded stacks: what counts, what merges, what is ignored and told.
# The frames of a picture, as `DEPTH START VALUE NAME`:
# run: frames() { sed -n 's/^<g class="f" data-f="\([^"]*\)"><title>\(.*\)$/\1 \2/p'; }
# run: printf 'main;a 3\nmain;b 2\r\nmain;a;c 5\n' | skep flamegraph | frames
# run: echo floats; printf 'a 0.25\na 1e2\nb .5\n' | skep flamegraph | frames
# run: echo blanks; printf '  operator new (x);f  7  \n\n;;g;;h; 1\n\tt\t2' | skep flamegraph | frames
# run: echo bad; printf 'x 1\nfoo\n12\nbar -3\nbaz 1x\n;;; 4\nq nan\nr 0x10\ns 1e300\n' | skep flamegraph 2>&1 >/dev/null
# run: echo file; printf 'f 1' >f; skep flamegraph f | frames; skep flamegraph - <f | frames
# expect: 0 0 10 all
# expect: 1 0 10 main
# expect: 2 0 8 a
# expect: 3 0 5 c
# expect: 2 8 2 b
# expect: floats
# expect: 0 0 100.75 all
# expect: 1 0 100.25 a
# expect: 1 100.25 0.5 b
# expect: blanks
# expect: 0 0 10 all
# expect: 1 0 1 g
# expect: 2 0 1 h
# expect: 1 1 7 operator new (x)
# expect: 2 1 7 f
# expect: 1 8 2 t
# expect: bad
# expect: WARNING: 8 lines ignored, the first is line 2
# expect: file
# expect: 1 0 1 f
# expect: 1 0 1 f
