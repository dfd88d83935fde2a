# What named parameters refuse, and how.
refused() {
	text=$1 program=$2
	shift 2
	skep --dry-run -e "$program" -- "$@" >out 2>err && { echo "accepted: $program"; exit 1; }
	[ $? = 1 ] && grep -qxF -- "$text" err || { echo "$program $*"; cat out err; exit 1; }
}
refused 'stdin:1:15-30: ERROR: program command line option --aa invalid integer (value: False)' \
	'begin { print(getopt("aa", 1)); }' --aa=False
refused 'stdin:1:15-30: ERROR: program command line option --aa invalid integer (value: -1)' \
	'begin { print(getopt("aa", 1)); }' --aa=-1
refused 'stdin:1:15-30: ERROR: program command line option --aa invalid integer (value: )' \
	'begin { print(getopt("aa", 1)); }' --aa
refused 'stdin:1:15-31: ERROR: program command line option --aa invalid integer (value: 9223372036854775808)' \
	'begin { print(getopt("aa", -1)); }' --aa=9223372036854775808
refused 'stdin:1:15-27: ERROR: program command line option --aa invalid boolean (value: maybe)' \
	'begin { print(getopt("aa")); }' --aa=maybe
refused 'stdin:1:15-32: ERROR: program command line option --aa requires a value' \
	'begin { print(getopt("aa", "x")); }' --aa
refused 'ERROR: unexpected program command line options: --bb' \
	'begin { print(getopt("aa")); print(getopt("cc", 1)); }' --bb
refused 'HINT: expected program options: --aa: --cc' \
	'begin { print(getopt("aa")); print(getopt("cc", 1)); }' --bb=1
refused 'HINT: no custom program options defined.' 'begin { }' --bb
refused 'stdin:1:39-54: ERROR: option --aa has two different defaults' \
	'begin { print(getopt("aa", 1)); print(getopt("aa", 2)); }'
refused 'stdin:1:44-64: ERROR: option --aa has two different descriptions' \
	'begin { print(getopt("aa", 1, "x")); print(getopt("aa", 1, "y")); }'
refused 'stdin:1:28-31: ERROR: getopt() expects a bool, int or string literal (int provided)' \
	'begin { print(getopt("aa", pid)); }'
refused 'stdin:1:22-26: ERROR: getopt() expects a string literal (string provided)' \
	'begin { print(getopt(comm)); }'
refused "stdin:1:22-27: ERROR: 'a=b' cannot be an option's name" 'begin { print(getopt("a=b")); }'
refused 'stdin:1:15-23: ERROR: getopt() requires at least one argument (0 provided)' \
	'begin { print(getopt()); }'
