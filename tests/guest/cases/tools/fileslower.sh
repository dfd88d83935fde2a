# timeout: 60
# 64 MiB take a while; a pipe whose writer waits 300 ms; a small file that does not wait.
tool=/tools/fileslower.bt
mkfifo slow
name=a-name-of-forty-letters-that-is-cut-here-
on-cue go work write $name 1000 3 & pid=$!
cat >load.sh <<END
work write f 67108864 1
(sleep 0.3; echo late) >slow &
dd if=slow of=/dev/null bs=77 count=1 2>/dev/null
wait
cue go $pid
END
during 'sh load.sh' <<END || exit
files $tool
all $tool -a 100
one $tool --json -p $pid 0
END
cat files all one
[ "$(head -n 1 files)" = 'Tracing sync read/writes slower than 10 ms' ] &&
	[ "$(sed -n 2p files)" = 'TIME(s)  COMM           TID    D BYTES   LAT(ms) FILENAME' ] || exit 1
grep -E '^[0-9]+\.[0-9]{3} +work           [0-9]+ +W 67108864 +[0-9]+\.[0-9]{2} f$' files |
	awk '$6 >= 10 && $1 < 60 { n++ } END { exit n != 1 }' || exit 1
! grep -E 'slow$' files || exit 1
grep -E ' dd +[0-9]+ +R 77 +[0-9]+\.[0-9]{2} slow$' all | awk '$6 >= 200 && $6 < 20000 { n++ } END { exit n != 1 }' || exit 1
awk '/slower/ || /^TIME/ { next } $6 < 100 { n++ } END { exit n }' all || exit 1
[ "$(grep -cE "^\{\"time_s\": [0-9.]+, \"comm\": \"work\", \"tid\": $pid, \"d\": \"W\", \"bytes\": 1000, \"lat_ms\": [0-9.]+, \"filename\": \"a-name-of-forty-letters-that-...\"\}$" one)" -eq 3 ] &&
	! grep -v "\"tid\": $pid," one
