skep -q -c 'work spin 700 4' /tools/cpuwalk.bt >out || exit
cat out
# Both of the guest's CPUs, and no third.
awk '/^\[[01]\]/ && $2 > 5 { n++ } /^\[/ { all++ } END { exit !(n == 2 && all == 2) }' out
