# expect: x
skep -o out -e 'begin { printf("x\n"); }' >/dev/null 2>&1; cat out
