# What is said while programs run, to the letter.
bad=0
say() { # TEXT OPTION...
	text=$1
	shift
	skep -q "$@" >out 2>err
	grep -qE -- "^stdin:[0-9:-]+: WARNING: $text\$" err && return
	echo "expected: $text"
	cat err
	bad=1
}
say 'Divide or modulo by 0 detected\. This can lead to unexpected results\. 1 is being used as the result\.' \
	-e 'begin { $a = (uint64)pid; print(5 / ($a - $a)); }'
say "Can't lookup map element because it does not exist\\." -k -e 'begin { @a[1] = 1; print(@a[2] + 1); }'
say 'The range is too long for one loop \(at most 8388608 rounds\); it was not run\.' \
	-e 'begin { $n = (uint64)pid * 0 + 10000000; for ($i : 0..$n) { @ = $i; } }'
exit $bad
