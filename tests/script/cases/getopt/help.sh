# --help behind -- lists the program's options and runs nothing; unless the program has one itself.
skep -e 'begin { print(getopt("aa", 1, "how many")); print(getopt("cc")); }' -- --help >out 2>err
[ $? = 1 ] || exit 1
printf '%s\n' 'expected program options:' '--aa: how many' '--cc' | cmp - out || exit 1
[ -s err ] && exit 1
skep -e 'begin { }' -- --help >out 2>err
[ $? = 1 ] && [ "$(cat out)" = 'no custom program options defined.' ] || exit 1
skep --dry-run --engine user -c /bin/true -e 'begin { print(getopt("help")); }' -- --help >out || exit 1
[ -s out ] && exit 1
exit 0
