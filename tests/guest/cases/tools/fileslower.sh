# A pipe whose writer waits 150 ms; another that does not.
mkfifo slow
echo '(sleep 0.3; echo late) >slow & cat slow >/dev/null; wait' >l.sh
skep -q -c 'sh l.sh' /tools/fileslower.bt 100 >out || exit
cat out
awk '$1 == "cat" && $3 == "R" && $4 == 5 && $5 >= 100 && $5 < 9000 && $6 == "slow" { n++ }
	END { exit n != 1 }' out
