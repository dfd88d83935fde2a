skep -q -c 'work resolve 127.0.0.9 3' /tools/gethostlatency.bt >out || exit
cat out
[ "$(grep -cE '^[0-9:]{8} [0-9]+ +work +[0-9]+\.[0-9]{3} 127\.0\.0\.9$' out)" -eq 3 ]
