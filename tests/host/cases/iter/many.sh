# More lines than any buffer holds, none lost, none twice.
# requires: skep --info | grep -q 'iter: yes'
# timeout: 60
skep -q -e 'iter:ksym { @n++; printf("%d %s\n", @n, probe); }' >out || exit 1
n=$(grep -c ' iter:ksym$' out)
tail -n 1 out | grep -qx "@n: $n" || { tail -n 3 out; exit 1; }
[ "$n" -gt 5000 ] && grep -E ' iter:ksym$' out | sort -n | awk '$1 != NR { exit 1 }'
