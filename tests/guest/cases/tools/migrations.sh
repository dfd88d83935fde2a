# One that is told to be on the other CPU, again and again.
echo 'i=0; while [ $i -lt 10 ]; do taskset -p 1 $$; taskset -p 2 $$; i=$((i + 1)); done >/dev/null' >mover.sh
skep -q -c 'sh mover.sh' /tools/migrations.bt >out || exit
cat out
awk -F ': ' '/^@moved\[sh\]/ && $2 >= 5 { n++ } END { exit n != 1 }' out &&
	grep -q '^@from_to\[0, 1\]' out && grep -q '^@from_to\[1, 0\]' out
