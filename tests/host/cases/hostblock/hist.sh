# expect:
# expect: pid = 5
# expect:      usecs               : count     distribution
# expect:          0 -> 1          : 1        |********************                    |
# expect:          2 -> 3          : 2        |****************************************|
# expect: {"val_type": "usecs", "pid": 5, "data": [{"interval-start": 0, "interval-end": 1, "count": 1}, {"interval-start": 2, "interval-end": 3, "count": 2}]}
# expect: {"val_type": "len", "data": [{"interval-start": 0, "interval-end": 0, "count": 0}, {"interval-start": 1, "interval-end": 1, "count": 1}]}
# expect: 2
# expect: pid,low,high,count
# expect: 5,0,1,1
# expect: 5,2,3,2
# expect: WHEN-HERE  HOURS
# expect: x          3
# A histogram with what it is of above it; the same as JSON, where an empty one is nothing.
cat >h.bt <<'END'
begin { @h[5] = hist(0); @h[5] = hist(2); @h[5] = hist(3); @l = lhist(1, 0, 100, 1); exit(); }
host end {
	for ($e : @h) { print_hist($e.1, "usecs", 1, "pid", $e.0); }
	print_hist(@l, "len");
	print_hist(@none, "nothing");
}
END
skep h.bt
skep -f json h.bt | sed -n 's/"ts": "[-0-9]* [:0-9]*", //; s/^{"type": "print_hist", "data": \(.*\)}$/\1/p'
skep -f json h.bt | grep -c '"ts": "2[0-9][0-9][0-9]-[01][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-5][0-9]"'
# A script with options has --csv and --json for them.
{ echo 'options = { example("h", "an example"); }'; sed /@l,/d h.bt; } >csv.bt
skep csv.bt --csv
# The zone is in the header; UTC is three hours behind it.
TZ='<HERE>-3' skep -e 'table t { "WHEN-%Z":-10; HOURS = hours; }
host begin {
	header(t);
	$ahead = int(strftime("%H")) - int(strftime("%H", now(), "utc"));
	emit t(when_z="x", hours=($ahead + 24) % 24);
	exit();
}'
