# The function that sleeps for nanosleep(): twelve times 20 ms, which is more than 2^24 ns.
skep -q -c 'work sleep 20 12' /tools/funclatency.bt hrtimer_nanosleep >out || exit
cat out
awk '/^\[(16M|32M|64M|128M|256M),/ { sub(/^\[[^]]*[])] +/, ""); n += $1 } END { exit n != 12 }' out
