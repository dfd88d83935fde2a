# expect: status 0
# expect-not-re: never
skep --dry-run -e 'begin { printf("never\n"); }'; echo "status $?"
