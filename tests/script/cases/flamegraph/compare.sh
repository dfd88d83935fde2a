# Two counts a line: before and after. Widths are those after, colours the difference of a frame by
# itself, red for more and blue for less.
# run: tell() { sed -n '/^<g class="f"/{s/.*<title>//;h;n;s/<.*fill="\(#[0-9a-f]*\)".*/ \1/;H;x;s/\n/: /;p;}'; }
# run: printf 'm;a 10 30\nm;b 20 5\nm;c 7 7\nm;new 0 8\nm;gone 9 0\n' >in
# run: skep flamegraph in | tell
# run: echo negated; skep flamegraph --negate in | tell
# run: echo normalized; skep flamegraph --normalize in | tell | sed -n 1,2p
# run: echo title; skep flamegraph in | sed -n 's/.*<text class="title".*>\(.*\)<.text>/\1/p'; skep flamegraph in | grep -c 'more than before'
# run: echo one; skep flamegraph --one-count in | tell | sed -n 3p
# run: echo mixed; printf 'a 1 2\nb 3\n' | skep flamegraph | tell; printf 'a 1 2\nb 3\n' | skep flamegraph --differential 2>&1 | grep -a WARN
# expect: all: 50 samples, 100.00%, +4 (+8.7%), by itself 0 #eeeeee
# expect: m: 50 samples, 100.00%, +4 (+8.7%), by itself 0 #eeeeee
# expect: a: 30 samples, 60.00%, +20 (+200.0%), by itself +20 #fa6060
# expect-re: ^b: 5 samples, 10.00%, −15 \(−75.0%\), by itself −15 #7fb6fc
# expect: c: 7 samples, 14.00%, 0 (0.0%), by itself 0 #eeeeee
# expect-re: ^new: 8 samples, 16.00%, \+8 \(new\), by itself \+8 #fa
# expect: negated
# expect-re: ^a: .*#60a7fc$
# expect-re: ^b: .*#fa
# expect: normalized
# expect: all: 50 samples, 100.00%, 0 (0.0%), by itself 0 #eeeeee
# expect: title
# expect: Differential Flame Graph
# expect: 1
# expect: one
# expect-re: ^a 10: 30 samples
# expect: mixed
# expect-re: ^a 1: 2 samples
# expect-re: ^b: 3 samples
# expect: WARNING: 1 line ignored, the first is line 2
