# Children that end with 3; one that lives 300 ms; one that dies of a signal; a thread.
skep -q -c 'work fork 4 3' /tools/exitsnoop.bt >forks || exit
skep -q -c 'work sleep 300 1' /tools/exitsnoop.bt >sleeps || exit
echo 'kill -TERM $$' >die.sh
skep -q -c 'sh die.sh' /tools/exitsnoop.bt >dies || exit
skep -q -c 'work threads 2' /tools/exitsnoop.bt >threads || exit
cat forks sleeps dies threads
[ "$(grep -cE '^work +[0-9]+ +[0-9]+ +[0-9]+ +[0-9]+\.[0-9]{3} 3$' forks)" -eq 4 ] || exit 1
awk '$1 == "work" && $5 >= 0.3 && $5 < 10 && $6 == 0 { n++ } END { exit n != 1 }' sleeps || exit 1
grep -qE '^sh .* signal 15$' dies || exit 1
awk '$1 == "work" && $2 != $4 { n++ } END { exit n != 2 }' threads
