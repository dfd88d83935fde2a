# Part 8: what a format string may not be.
is() {
	want=$1
	shift
	skep --dry-run --unsafe "$@" >out 2>&1
	[ $? = 1 ] && grep -qxF -- "$want" out || { echo "$*: no '$want'"; cat out; exit 1; }
}
for letter in f F e E g G a A n; do
	is "stdin:1:9-24: ERROR: unsupported format specifier: $letter" -e "begin { printf(\"%$letter\", 1); }"
done
for letter in d i u x X o c p; do
	is "stdin:1:9-28: ERROR: unsupported format specifier for type 'string[4]': $letter" -e "begin { printf(\"%$letter\", \"abc\"); }"
done
is "stdin:1:9-28: ERROR: unsupported format specifier for type 'string[4]': r" -e 'begin { printf("%r", "abc"); }'
is "stdin:1:9-25: ERROR: unsupported format specifier for type 'int8': rx" -e 'begin { printf("%rx", 1); }'
is "stdin:1:9-29: ERROR: unsupported format specifier for type '(int8,int8)': rh" -e 'begin { printf("%rh", (1,1)); }'
is "stdin:1:9-27: ERROR: unsupported format specifier for type 'string[2]': gr" -e 'begin { printf("%gr", "a"); }'
is "stdin:1:9-28: ERROR: unsupported format specifier for type '(int8,int8)': x" -e 'begin { printf("%x", (1,2)); }'
is "stdin:1:9-29: ERROR: unsupported format specifier for type 'kstack_bpftrace_127': d" -e 'begin { printf("%d", kstack); }'
is "stdin:1:21-37: ERROR: unsupported format specifier for type 'hist_t': s" -e 'begin { @h=hist(1); printf("%s", @h); }'
is "stdin:1:22-38: ERROR: unsupported format specifier for type 'stats_t': d" -e 'begin { @h=stats(1); printf("%d", @h); }'
for call in errorf warnf cat debugf system; do
	end=$((9 + ${#call} + 6))
	is "stdin:1:9-$end: ERROR: not enough arguments for format string (0 supplied, 1 expected)" -e "begin { $call(\"%d\"); }"
	is "stdin:1:9-$((end + 2)): ERROR: too many arguments for format string (1 supplied, 0 expected)" -e "begin { $call(\"a\", 1); }"
done
# flags stand in one order, once each; what is no conversion is text
for text in '%0-5d' '%+-5d' '%--5d' '%y' '%hhhd' '%L'; do
	is "stdin:1:9-$((22 + ${#text})): ERROR: too many arguments for format string (1 supplied, 0 expected)" -e "begin { printf(\"$text\", 1); }"
done
is 'stdin:1:16-17: ERROR: printf() expects a string literal (int provided)' -e 'begin { printf(1); }'
is 'stdin:1:25-27: ERROR: printf() expects a string literal (string provided)' -e 'begin { $a="%d"; printf($a, 1); }'
is 'stdin:1:9-17: ERROR: printf() requires at least one argument (0 provided)' -e 'begin { printf(); }'
args=$(i=0; while [ $i -lt 127 ]; do printf ,1; i=$((i + 1)); done)
texts=$(i=0; while [ $i -lt 127 ]; do printf %%d; i=$((i + 1)); done)
skep --dry-run --engine user -c true -e "begin { printf(\"$texts\"$args); }" || exit
is 'stdin:1:9-531: ERROR: printf() takes up to 128 arguments (129 provided)' -e "begin { printf(\"$texts%d\"$args,1); }"
