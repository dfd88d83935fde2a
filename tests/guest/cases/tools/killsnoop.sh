# SIGUSR1 to itself, three times; and to nobody.
skep -q -c 'work kill 10 3' /tools/killsnoop.bt >out || exit
echo 'kill -0 999999; exit 0' >nobody.sh
skep -q -c 'sh nobody.sh' /tools/killsnoop.bt >>out 2>/dev/null || exit
cat out
[ "$(awk '$3 == "work" && $4 == 10 && $5 == $2 && $6 == 0' out | wc -l)" -eq 3 ] || exit 1
[ "$(awk '$3 == "sh" && $4 == 0 && $5 == 999999 && $6 == -3' out | wc -l)" -eq 1 ]
