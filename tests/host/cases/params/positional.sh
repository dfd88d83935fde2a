# What $1 is, as it is written: numbers of all bases, text, nothing; in attach points, too.
want() {
	text=$1
	shift
	got=$(skep -q "$@" 2>err) && [ "$(echo $got)" = "$text" ] || { echo "$*: $got"; cat err; exit 1; }
}
want '8' -e 'begin { print($1 + 1); }' 7
want '17' -e 'begin { print($1 + 1); }' 0x10
want '9' -e 'begin { print($1 + 1); }' 010
want '6' -e 'begin { print($1 + 1); }' 0b101
want '-4' -e 'begin { print($1 + 1); }' -- -5
want '0x10 x10' -e 'begin { print(str($1)); print(str($1 + 1)); }' 0x10
want 'abc c' -e 'begin { print($1); print(str($1 + 2)); }' abc
want 'string[4]' -e 'begin { printf("string[%d]\n", sizeof($1)); }' abc
want '0' -e 'begin { print($1); }'
grep -q 'WARNING: Positional parameter $1 is empty or not provided. $' err || exit 1
want '[]' -e 'begin { printf("[%s]\n", str($1)); }'
want '3' -e 'begin { print($#); }' a b c
want 'tick' -e 'interval:$1:$2 { printf("tick\n"); exit(); }' ms 1
want 'tick' -e 'interval:$1 { printf("tick\n"); exit(); }' 1ms
skep -q -e 'interval:"$1":1 { exit(); }' ms 2>err && exit 1
grep -q 'is not an accepted unit of time' err || { cat err; exit 1; }
skep -q -e 'begin { print($9223372036854775808); }' 2>err && exit 1
grep -qF 'param $9223372036854775808 is out of integer range [1, 9223372036854775807]' err || { cat err; exit 1; }
