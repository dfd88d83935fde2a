# Much of it, and deep: stacks of 20,000 frames; 200,000 lines. The picture stays small.
# timeout: 60
# run: awk 'BEGIN { for (i = 0; i < 20; i++) { s = "main"; for (k = 0; k < 20000; k++) s = s ";f" k % (7 + i); print s, 1 } }' | skep flamegraph >deep.svg; grep -c '^<g class="f"' deep.svg
# run: awk 'BEGIN { for (i = 0; i < 200000; i++) print "main;a" i % 10 ";b" i % 1000 ";c" (i * 7919) % 100000, 1 }' | skep flamegraph >wide.svg; grep -c 'all$' wide.svg; sed -n '/>a3$/{n;s/<.*//p;}' wide.svg; [ $(wc -c <wide.svg) -lt 3000000 ] && echo small
# expect-re: ^[1-9][0-9]{4,}$
# expect: 1
# expect: 20,000 samples, 10.00%
# expect: small
