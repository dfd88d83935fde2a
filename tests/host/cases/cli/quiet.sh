# expect: x
# expect-not-re: Attached
skep -q -e 'begin { printf("x\n"); }' 2>&1
