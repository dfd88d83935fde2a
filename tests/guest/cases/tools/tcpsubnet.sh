# timeout: 120
# 9000 bytes each way to one address, 2000 to another.
tool=/tools/tcpsubnet.bt
echo 'work tcp 7150 4500 2' >l.sh
skep -q -c 'sh l.sh' $tool -i 100 >out || exit
cat out
grep -qxF 'Tracing... Output every 100 secs. Hit Ctrl-C to end' out && grep -qE '^\[[0-9/]+ [0-9:]{8}\]$' out &&
	grep -qE '^127\.0\.0\.1/32           18000$' out || exit 1
for f in 'b 144000' 'k 140' 'm 0' 'B 18000' 'K 17' 'M 0'; do
	skep -q -c 'sh l.sh' $tool -i 100 -v -f "${f% *}" 10.0.0.0/8,127.0.0.0/8,0.0.0.0/0 >out || exit
	grep -qE "^127\.0\.0\.0/8 +${f#* }\$" out && grep -qxF '127.0.0.0/8 is 0x7f000000 under 0xff000000' out || { cat out; exit 1; }
done
skep -q -c 'sh l.sh' $tool -i 100 -J 10.0.0.0/8,0.0.0.0/0 >out || exit
cat out
grep -qE '^\{"date": "[0-9/]+", "time": "[0-9:]+", "entries": \{"0\.0\.0\.0/0": 18000\}\}$' out || exit 1
skep -q -c 'sh l.sh' $tool 10.0.0.0/33 2>err && exit 1
cat err
grep -qxF '10.0.0.0/33 is not a subnet such as 10.0.0.0/8' err
