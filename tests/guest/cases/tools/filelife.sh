skep -q -c 'work life short-lived 250' /tools/filelife.bt >out || exit
cat out
awk '$3 == "work" && $5 == "short-lived" && $4 >= 250 && $4 < 5000 { n++ } END { exit n != 1 }' out
