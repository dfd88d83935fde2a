# Exit statuses: 1 for mistakes, 2 if they are in the C section, exit()'s own otherwise.
status() {
	want=$1
	shift
	skep -q "$@" >out 2>err
	got=$?
	[ $got = "$want" ] || { echo "$*: $got instead of $want"; cat out err; exit 1; }
}
status 1 -e 'begin { print(@x); }'
status 1 -e 'begin {'
status 1 -e ''
status 1 nofile.bt
status 1
status 1 --nonsense
status 1 -e 'begin { getopt("a", 1); }' -- --a=x
status 2 -e '#include "nofile.h"
begin { }'
status 2 -e 'struct a { nonsense b; };
begin { }'
status 0 --engine user -c /bin/true -e 'begin { exit(); }'
status 44 --engine user -c /bin/true -e 'begin { exit(300); }'
status 255 --engine user -c /bin/true -e 'begin { exit(-1); }'
status 0 --engine user -c /bin/false -e 'begin { }'
