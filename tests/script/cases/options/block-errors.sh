# timeout: 60
# What an options block refuses, and where.
refuses() {
	skep --mode codegen -e "options = { $2 } begin { }" >out 2>err && { echo "accepted: $2"; exit 1; }
	[ $? = 1 ] && grep -qxF -- "$1" err || { echo "expected $1: $2"; cat err; exit 1; }
}
# specifications
refuses 'stdin:1:22-24: ERROR: this says neither an option nor a positional' 'a = flag("", "x");'
refuses 'stdin:1:22-27: ERROR: an option with one dash is one letter or digit' 'a = flag("-xy", "x");'
refuses 'stdin:1:22-26: ERROR: an option with one dash is one letter or digit' 'a = flag("-%", "x");'
refuses 'stdin:1:22-30: ERROR: behind -x, a long option is expected' 'a = flag("-x, -y", "x");'
refuses 'stdin:1:22-31: ERROR: behind -x, a long option is expected' 'a = flag("-x,--ex", "x");'
w='a long option is a word of letters, digits, - and _ behind two dashes'
refuses "stdin:1:22-26: ERROR: $w" 'a = flag("--", "x");'
refuses "stdin:1:22-29: ERROR: $w" 'a = flag("---ex", "x");'
refuses "stdin:1:21-30: ERROR: $w" 'a = int("--ex=N ", "x");'
refuses 'stdin:1:21-31: ERROR: the name of a value is one word' 'a = int("--ex N M", "x");'
refuses 'stdin:1:21-28: ERROR: the name of a value is one word' 'a = int("--ex ", "x");'
refuses 'stdin:1:21-25: ERROR: the name of a value is one word' 'a = int("[]", "x");'
refuses 'stdin:1:21-27: ERROR: the name of a value is one word' 'a = int("A]B ", "x");'
refuses "stdin:1:21-25: ERROR: this '[' is never closed" 'a = int("[N", "x");'
refuses 'stdin:1:24-33: ERROR: a choice is between words: all|reads|writes' 'a = choice("-s a||b", "x");'
refuses "stdin:1:24-34: ERROR: 'a' is there twice" 'a = choice("-s a|b|a", "x");'
refuses 'stdin:1:22-25: ERROR: flag() is an option, such as "-v, --verbose"' 'a = flag("A", "x");'
refuses 'stdin:1:23-29: ERROR: count() takes no value' 'a = count("-v N", "x");'
refuses 'stdin:1:21-32: ERROR: int() takes a value, whose name stands behind the option: "-p, --pid PID"' \
	'a = int("-p, --pid", "x");'
refuses 'stdin:1:25-42: ERROR: an option without its command would do nothing' 'a = command("--exec [CMD...]", "x");'
refuses "stdin:1:22-32: ERROR: this '[' is never closed" 'a = text("-s [PATH", "x");'
refuses 'stdin:1:21-29: ERROR: int() takes one value' 'a = int("[N...]", "x");'
refuses 'stdin:1:22-31: ERROR: an option takes one value each time it is given' 'a = ints("-n N...", "x");'
refuses 'stdin:1:21-38: ERROR: a zero byte cannot stand here' 'a = int("-n N\0 and more", "x");'
# twice, or out of reach
refuses 'stdin:1:22-26: ERROR: -h and --help print the script'"'"'s help' 'a = flag("-h", "x");'
refuses 'stdin:1:22-34: ERROR: -h and --help print the script'"'"'s help' 'a = flag("-a, --help", "x");'
refuses 'stdin:1:44-48: ERROR: option -x is there twice' 'a = flag("-x", "x"); bc = flag("-x", "x");'
refuses 'stdin:1:46-56: ERROR: option --ex is there twice' 'a = flag("--ex", "x"); bc = flag("-y, --ex", "x");'
refuses "stdin:1:34-35: ERROR: Option 'a' was already declared" 'a = flag("-x", "x"); a = flag("-y", "x");'
refuses 'stdin:1:46-49: ERROR: A... takes all that is left: nothing can follow it' \
	'a = ints("[A...]", "x"); b = int("B", "x");'
refuses 'stdin:1:42-45: ERROR: A can be left out, so what follows has to be, too' 'a = int("[A]", "x"); b = int("B", "x");'
# kinds
refuses "stdin:1:17-20: ERROR: Unknown kind of option: 'itn'" 'a = itn("-x N", "x");'
refuses "HINT: Did you mean 'int'?" 'a = itn("-x N", "x");'
refuses 'HINT: the kinds are flag, count, int, decimal, text, regex, choice, user, errno, disk, process, signals, ints, texts, event, command' \
	'a = gobbledygook("-x N", "x");'
# defaults
refuses 'stdin:1:34-37: ERROR: syntax: the default of int() is a number' 'a = int("-x N", "x", "3");'
refuses 'stdin:1:35-36: ERROR: syntax: the default of text() is a string' 'a = text("-x N", "x", 3);'
refuses 'stdin:1:35-39: ERROR: syntax: the default of ints() is a number or a string' 'a = ints("-x N", "x", true);'
refuses "stdin:1:39-42: ERROR: 'c' is none of a, b" 'a = choice("-x a|b", "x", "c");'
refuses "stdin:1:35-41: ERROR: 'high' is not a number" 'a = ints("-x N", "x", "high");'
refuses "stdin:1:35-49: ERROR: there is no user 'nobody-there'" 'a = user("-x N", "x", "nobody-there");'
refuses 'stdin:1:34-54: ERROR: 18446744073709551615 is out of range' 'a = int("-x N", "x", 18446744073709551615);'
refuses 'stdin:1:33-34: ERROR: syntax: flag() has no default' 'a = flag("-x", "x", 1);'
refuses 'stdin:1:31-32: ERROR: N has to be given, so a default has no use: "[N]"' 'a = int("N", "x", 5);'
refuses 'stdin:1:36-37: ERROR: syntax: decimal() needs a default and a factor' 'a = decimal("-x N", "x");'
refuses "stdin:1:39-40: ERROR: syntax: expected ','" 'a = decimal("-x N", "x", 5);'
refuses 'stdin:1:41-42: ERROR: syntax: expected a factor from 1 to 1000000000' 'a = decimal("-x N", "x", 5, 0);'
refuses "stdin:1:46-50: ERROR: 'five' is not a number" 'a = decimal("-x N", "x", "five", 1000);'
# the rest
refuses 'stdin:1:44-45: ERROR: There is no option '"'c' above" 'a = flag("-x", "x"); exclusive(c, a);'
refuses 'stdin:1:80-81: ERROR: '"'b' excludes others already" \
	'a = flag("-x", ""); b = flag("-y", ""); exclusive(a, b); exclusive(b, a);'
refuses "stdin:1:61-62: ERROR: 'a' has to be given" 'a = int("A", ""); b = flag("-y", ""); exclusive(a, b);'
refuses 'stdin:1:33-45: ERROR: exclusive() is about two or more options' 'a = flag("-x", ""); exclusive(a);'
refuses 'stdin:1:13-16: ERROR: syntax: expected NAME = KIND(...), exclusive(...) or example(...)' 'sum(a);'
refuses 'stdin:1:13-14: ERROR: syntax: expected identifier' '5;'
refuses 'stdin:1:17-18: ERROR: syntax: expected a kind of option' 'a = 5;'
refuses 'stdin:1:22-23: ERROR: syntax: expected string' 'a = flag(5);'
refuses "stdin:1:33-34: ERROR: syntax: expected ';'" 'a = flag("-x", "x") b = flag("-y", "x");'
refuses "stdin:1:26-27: ERROR: syntax: expected ','" 'a = flag("-x"); b = flag("-y", "x");'

# where the block may stand
says() {
	skep --mode codegen -e "$2" >out 2>err && { echo "accepted: $2"; exit 1; }
	grep -qxF -- "$1" err || { echo "expected $1: $2"; cat err; exit 1; }
}
says 'stdin:2:1-8: ERROR: syntax: duplicate options block' 'options = { }
options = { } begin { }'
says 'stdin:2:1-8: ERROR: syntax: options must appear before probes and functions' 'begin { }
options = { }'
printf 'options = { }\n' >other.bt
says './other.bt:1:1-8: ERROR: syntax: options are not allowed in an imported file' 'import "./other.bt" begin { }'
