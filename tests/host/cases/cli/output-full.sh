# Where nothing more can be written skep says so, stops and fails; a reader that goes away is none.
# timeout: 30
try() {
	want=$1
	shift
	"$@" 2>err
	status=$?
	[ $status = "$want" ] && grep -qxF 'ERROR: Failed to write output: No space left on device' err || { echo "$*: $status"; cat err; exit 1; }
}
try 255 skep -q -o /dev/full -e 'begin { print(1); }'
try 255 skep -q -f json -o /dev/full -e 'begin { @a = 1; }'
try 255 skep -q -B full -o /dev/full -e 'begin { print(1); }'
try 7 skep -q -o /dev/full -e 'begin { print(1); exit(7); }'
try 255 skep -q -o /dev/full -e 'interval:ms:10 { print(1); }'
{ skep -q -e 'interval:ms:10 { print(1); }' 2>err; echo $? >status; } | head -n 2 >out
[ "$(cat out status err | tr '\n' ' ')" = '1 1 0 ' ] || { cat out status err; exit 1; }
skep -o /nonexistent/x -e 'begin { }' 2>&1 | grep -qxF 'ERROR: Failed to open output file: "/nonexistent/x": No such file or directory' || exit
skep -o . -e 'begin { }' 2>&1 | grep -qxF 'ERROR: Failed to open output file: ".": Is a directory' || exit
skep -f xml -e 'begin { }' 2>&1 | grep -qxF 'ERROR: Invalid output format: xml'
