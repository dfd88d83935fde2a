# timeout: 60
# requires: test -e "$(dirname "$(command -v work)")/events.bpf.o"
# Counts in maps, drawn: powers of two, numbers, keys, arrays within values; CPUs are added up.
p=/sys/fs/bpf/map_hist
mkdir $p || exit
trap 'rm -r $p' EXIT
skep prog load "$(dirname "$(command -v work)")/events.bpf.o" $p/say pinmaps $p/maps 2>err || { cat err; exit 1; }
bytes() { # NUMBER: eight of them, as words
	printf '%d %d 0 0 0 0 0 0' $(($1 % 256)) $(($1 / 256))
}
zeros() { # N
	printf '0 %.0s' $(seq "$1")
}
skep map hist pinned $p/maps/buckets | grep -qx 'All counts are 0' || exit
skep map update pinned $p/maps/buckets key 0 0 0 0 value $(bytes 10) &&
	skep map update pinned $p/maps/buckets key 3 0 0 0 value $(bytes 40) || exit
skep map create $p/cpus type percpu_hash key 16 value 8 entries 8 name cpus &&
	skep map update pinned $p/cpus key hex 73 6c 65 65 70 $(zeros 11) value $(bytes 300) &&
	skep map update pinned $p/cpus key hex 1b $(zeros 15) value $(bytes 600) &&
	skep map update pinned $p/maps/states key 5 0 0 0 value 7 0 0 0 || exit
# slots[1] and slots[2] of struct value, which begin at byte 80.
skep map update pinned $p/maps/typed key 9 0 0 0 0 0 0 0 \
	value 77 $(zeros 83) 4 0 0 0 8 0 0 0 $(zeros 20) || exit
skep map create $p/wide type hash key 4 value 12 entries 2 name wide &&
	skep map create $p/queue type queue key 0 value 4 entries 2 name queue &&
	skep map create $p/long type array key 4 value 4 entries 100 name long &&
	skep map update pinned $p/long key 70 0 0 0 value 1 0 0 0 &&
	skep map update pinned $p/long key 72 0 0 0 value 2 0 0 0 || exit
possible=$(cat /sys/devices/system/cpu/possible)
cpus=$((${possible##*-} + 1))
{
	for words in buckets 'buckets linear' 'buckets keys' states typed 'typed linear' 'typed member count' 'typed member nothing' \
		'typed member' 'buckets member x' 'buckets foo'; do
		echo "> $words"
		skep map hist pinned $p/maps/$words 2>&1
	done
	for words in cpus 'cpus log2' wide queue long; do
		echo "> $words"
		skep map hist pinned $p/$words 2>&1
	done
} | sed "s/\\b$((300 * cpus))\\b/300N/; s/\\b$((600 * cpus))\\b/600N/; s/ *\$//; s/  *:/ :/; s/: \\([0-9N]*\\) *|/: \\1 |/" >got
cat >want <<'END'
> buckets
                  value : count      distribution
                 0 -> 1 : 10         |**********                              |
                 2 -> 3 : 0          |                                        |
                 4 -> 7 : 0          |                                        |
                8 -> 15 : 40         |****************************************|
> buckets linear
                  value : count      distribution
                      0 : 10         |**********                              |
                      1 : 0          |                                        |
                      2 : 0          |                                        |
                      3 : 40         |****************************************|
> buckets keys
                    key : count      distribution
                      3 : 40         |****************************************|
                      0 : 10         |**********                              |
> states
                    key : count      distribution
                ST_BUSY : 7          |****************************************|
> typed
{"pid":9,"port":0}
                  value : count      distribution
                 0 -> 1 : 0          |                                        |
                 2 -> 3 : 4          |********************                    |
                 4 -> 7 : 8          |****************************************|
> typed linear
{"pid":9,"port":0}
                  value : count      distribution
                      1 : 4          |********************                    |
                      2 : 8          |****************************************|
> typed member count
                    key : count      distribution
     {"pid":9,"port":0} : 77         |****************************************|
> typed member nothing
Error: no member 'nothing' is a number or an array of numbers
> typed member
Error: 'member' needs at least 1 arguments, 0 found
> buckets member x
Error: values have no members that are known here
> buckets foo
Error: expected 'log2', 'linear', 'keys' or 'member', got: 'foo'?
> cpus
                    key : count      distribution
1b 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 : 600N |****************************************|
                  sleep : 300N       |********************                    |
> cpus log2
Error: keys are no numbers of buckets
> wide
Error: values are no numbers, and their type is not known
> queue
Error: queue maps hold no counts
> long
                  value : count      distribution
                     70 : 1          |********************                    |
                     71 : 0          |                                        |
                     72 : 2          |****************************************|
END
sed -i 's/  *:/ :/; s/: \([0-9N]*\) *|/: \1 |/' want
grep -v '^$' got | diff want - || exit
skep map hist pinned $p/maps/buckets -j >json && skep map hist pinned $p/maps/typed -j >typed.json || exit
grep -qxF '[{"buckets":[{"low":0,"high":1,"count":10},{"low":8,"high":15,"count":40}]}]' json || { cat json; exit 1; }
python3 -c '
import json
(one,) = json.load(open("typed.json"))
assert json.loads(one["key"]) == {"pid": 9, "port": 0}, one
assert one["buckets"] == [{"low": 2, "high": 3, "count": 4}, {"low": 4, "high": 7, "count": 8}], one'
# A number that no power of two has.
skep map create $p/powers type hash key 4 value 4 entries 2 name powers && skep map update pinned $p/powers key 64 0 0 0 value 1 0 0 0 || exit
skep map hist pinned $p/powers log2 2>&1 | grep -qx "Error: bucket 64: there are no such powers of two; say 'linear'"
