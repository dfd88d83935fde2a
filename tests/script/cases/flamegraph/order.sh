# Other ways to merge: from the leaves, not at all, and from the top.
# run: frames() { sed -n 's/^<g class="f" data-f="\([^"]*\)"><title>\(.*\)$/\1 \2/p'; }
# run: printf 'm;b;z 1\nm;a;z 2\nm;b;z 4\n' >in
# run: skep flamegraph --reverse in | frames
# run: echo chart; skep flamegraph --no-sort in | frames
# run: echo title; for o in '' --icicle --inverted --reverse --no-sort '--icicle --reverse' '--icicle --no-sort'; do skep flamegraph $o in | grep -o '<title>[^<]*Graph</title>\|<title>[^<]*Chart</title>'; done
# run: for o in '' --icicle; do skep flamegraph $o in | sed -n '/>z$/{n;s/.*rect x="[0-9.]*" y="\([0-9.]*\)".*/z at \1/p;};/>m$/{n;s/.*rect x="[0-9.]*" y="\([0-9.]*\)".*/m at \1/p;}' | sort -u; done
# expect: 0 0 7 all
# expect: 1 0 7 z
# expect: 2 0 2 a
# expect: 3 0 2 m
# expect: 2 2 5 b
# expect: 3 2 5 m
# expect: chart
# expect: 1 0 7 m
# expect: 2 0 1 b
# expect: 3 0 1 z
# expect: 2 1 2 a
# expect: 3 1 2 z
# expect: 2 3 4 b
# expect: 3 3 4 z
# expect: title
# expect: <title>Flame Graph</title>
# expect: <title>Icicle Graph</title>
# expect: <title>Icicle Graph</title>
# expect: <title>Reverse Flame Graph</title>
# expect: <title>Flame Chart</title>
# expect: <title>Reverse Icicle Graph</title>
# expect: <title>Icicle Chart</title>
# expect: m at 106
# expect: z at 72
# expect: m at 89
# expect: z at 123
