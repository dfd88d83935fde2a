# Listings: each probe once, however many places it has.
# expect: marks:skep_test:guarded
# expect: marks:skep_test:memory
# expect: marks:skep_test:operands
# expect: marks:skep_test:place
# expect: one:
# expect: libmarks.so:skep_lib:watched
# expect: name:
# expect: libmarks.so:skep_lib:call
# expect: marks:skep_test:guarded
# expect: end: 0
marks=$(command -v marks)
progs=$(dirname "$marks")
{
	skep -l "usdt:$marks"
	echo one:
	skep -l "usdt:$progs/libmarks.so:skep_lib:w*"
	echo name:
	skep -l "U:$progs/libmarks.so:call"
	skep -l "usdt:$progs/*:gu*"
	echo end: "$(skep -l "usdt:$marks:nonesuch:*" | wc -l)"
} | sed "s,^usdt:$progs/,,"
