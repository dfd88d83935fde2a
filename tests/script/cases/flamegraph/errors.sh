# What cannot be drawn is said in a line, and nothing is written.
# run: printf '' | skep flamegraph 2>&1; echo "empty: $?"
# run: printf 'no stack\n\n' | skep flamegraph 2>&1; echo "malformed: $?"
# run: printf 'a;b 0\n' | skep flamegraph 2>&1; echo "zero: $?"
# run: skep flamegraph nowhere 2>&1; echo "absent: $?"
# run: skep flamegraph . 2>&1; echo "folder: $?"
# run: echo 'a 1' | skep flamegraph -o nowhere/x.svg 2>&1; echo "output: $?"
# run: echo 'a 1' | skep flamegraph 2>&1 >/dev/full; echo "full: $?"
# run: echo 'a 1' >a; skep flamegraph --palette hott a 2>&1; echo "palette: $?"
# run: skep flamegraph --width 10 a 2>&1; echo "width: $?"
# run: skep flamegraph --fontsize x a 2>&1; echo "fontsize: $?"
# run: skep flamegraph --minwidth 1em a 2>&1; echo "minwidth: $?"
# run: skep flamegraph --differential --one-count a 2>&1; echo "both: $?"
# run: skep flamegraph a b 2>&1; echo "operands: $?"
# run: skep flamegraph --nonsense a 2>&1; echo "option: $?"
# run: printf 'a 6\nb 5\n' | skep flamegraph --total 10 2>&1; echo "total: $?"
# run: skep flamegraph --negate -o x.svg a 2>&1; echo "negate: $?"
# run: echo old >kept; printf '' | skep flamegraph -o kept 2>/dev/null; cat kept
# expect: ERROR: standard input: there are no stacks
# expect-re: ^HINT: a line is expected to be `frame;frame;... COUNT`
# expect: empty: 1
# expect: WARNING: 1 line ignored, the first is line 1
# expect: ERROR: standard input: there are no stacks
# expect: malformed: 1
# expect: ERROR: standard input: all counts are 0
# expect: zero: 1
# expect: ERROR: cannot read nowhere: No such file or directory
# expect: absent: 1
# expect: ERROR: cannot read .: Is a directory
# expect: folder: 1
# expect: ERROR: cannot write nowhere/x.svg: No such file or directory
# expect: output: 1
# expect: ERROR: cannot write standard output: No space left on device
# expect: full: 1
# expect: ERROR: There is no palette hott, there are kinds, hot, mem, io, red, orange, yellow, green, aqua, blue, purple and grey
# expect: palette: 2
# expect: ERROR: --width goes from 200 to 100000: 10
# expect: Try 'skep flamegraph --help' for the options.
# expect: width: 2
# expect: ERROR: --fontsize takes a number: x
# expect: fontsize: 2
# expect: ERROR: --minwidth takes a number of pixels, or a share like 0.5%: 1em
# expect: minwidth: 2
# expect: ERROR: Cannot use both --differential and --one-count.
# expect: both: 2
# expect: ERROR: one word too many: b
# expect: operands: 2
# expect-re: unrecognized option '--nonsense'
# expect: Try 'skep flamegraph --help' for the options.
# expect: option: 2
# expect: ERROR: --total 10 is less than the sum of all counts, 11
# expect: total: 1
# expect: WARNING: a: lines have one count, there is no difference to show
# expect: negate: 0
# expect: old
# expect-not-re: <svg
