# timeout: 60
# Batches of commands: words, comments, lines that go on; the first failure ends them.
p=/sys/fs/bpf/batch
mkdir $p || exit
trap 'rm -r $p' EXIT
for side in 1 2; do
	bpftool map create $p/h$side type hash key 4 value 8 entries 4 name myhash || exit
	sed "s/@/$side/g" >good$side <<-'END'
		# nothing but a remark

		map update pinned /sys/fs/bpf/batch/h@ key 1 2 3 4 value 1 2 3 4 5 6 7 8 # with one behind it
		map lookup pinned "/sys/fs/bpf/batch/h@" key \
			1 2 3 4
		map dump pinned '/sys/fs/bpf/batch/h@'
	END
	sed "s/@/$side/g" >bad$side <<-'END'
		map lookup pinned /sys/fs/bpf/batch/h@ key 1 2 3 4
		map lookup pinned /sys/fs/bpf/batch/h@ key 9 9 9 9
		map dump pinned /sys/fs/bpf/batch/h@
	END
done
: >empty
echo 'map show "unfinished' >quote
printf 'map show \\\n' >open
echo 'batch file empty' >nested
echo nonsense >nonsense
echo 'prog show id 99999999' >nobody
{
	for options in '' -j -p; do
		for file in good@ bad@ empty quote open nobody; do
			echo "$options batch file $file"
		done
	done
	echo 'batch file /nowhere'
	echo '-j batch file /nowhere'
	echo 'batch'
	echo 'batch help'
	echo 'batch foo bar'
	echo 'batch file a b'
	echo 'b f empty'
} | beside -e 's/batch.h[12]/batch-h@/g' || exit
# What bpftool says here is another usage.
ln -s "$(command -v skep)" bpftool
for file in nested nonsense; do
	./bpftool batch file $file 2>err && exit 1
	grep -q '^Usage: bpftool \[OPTIONS\] OBJECT' err || { cat err; exit 1; }
done
# A word too many, a byte too many.
awk 'BEGIN { printf "map show"; for (i = 0; i < 4095; i++) printf " x"; print "" }' >words
[ "$(./bpftool batch file words 2>&1)" = 'Error: too many arguments to command 0' ] || exit
awk 'BEGIN { print "version"; for (i = 0; i < 65537; i++) printf "x"; print "" }' >long
./bpftool batch file long 2>&1 | grep -qx 'Error: command 1 is too long' || exit
echo 'version' | ./bpftool batch file - | grep -qx 'processed 1 commands' || exit
./bpftool -j batch file - </dev/null | grep -qx '\[\]'
