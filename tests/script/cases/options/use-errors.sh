# timeout: 30
# What scripts may not do with their options.
o='options = { pid = int("-p PID", ""); list = ints("-l LIST", "", "1,2"); on = flag("-x", ""); t = texts("[T...]", ""); }
'
says() {
	skep --mode codegen -e "$2" >out 2>err && { echo "accepted: $2"; exit 1; }
	[ $? = 1 ] && grep -qxF -- "$1" err || { echo "expected $1: $2"; cat err; exit 1; }
}
says "stdin:2:15-23: ERROR: There is no option 'pidd'" "${o}begin { print(opt.pidd); }"
says "HINT: Did you mean 'pid'?" "${o}begin { print(opt.pidd); }"
says 'stdin:2:15-23: ERROR: opt.list is a list, not a value' "${o}begin { print(opt.list); }"
says 'HINT: given(opt.list) and contains(opt.list, e) look into it' "${o}begin { print(opt.list); }"
says 'stdin:2:21-24: ERROR: given() is about an option: given(opt.NAME)' "${o}begin { print(given(pid)); }"
says 'stdin:2:24-27: ERROR: contains() is about an option: contains(opt.NAME, e)' "${o}begin { print(contains(pid, 1)); }"
says 'stdin:2:24-31: ERROR: contains() looks into a list, and opt.pid is none' \
	"${o}begin { print(contains(opt.pid, 1)); }"
says "stdin:2:27-31: ERROR: Type mismatch for '==': comparing string[16] with int8" "${o}begin /contains(opt.list, comm)/ { }"
says 'stdin:2:15-17: ERROR: $1 cannot be used in a script with an options block' "${o}begin { print(\$1); }"
says 'stdin:2:15-17: ERROR: $# cannot be used in a script with an options block' "${o}begin { print(\$#); }"
says 'stdin:2:12-14: ERROR: $1 cannot be used in a script with an options block' "${o}interval:s:\$1 { }"
says 'stdin:2:12-14: ERROR: $# cannot be used in a script with an options block' "${o}interval:s:\$# { }"
says 'stdin:2:15-26: ERROR: getopt() cannot be used in a script with an options block' \
	"${o}begin { print(getopt(\"x\")); }"
# in attach points
says "stdin:2:1-21: ERROR: There is no option 'lst'" "${o}interval:s:{opt.lst} { }"
says "HINT: Did you mean 'list'?" "${o}interval:s:{opt.lst} { }"
# in declarations of maps
says "stdin:2:15-22: ERROR: There is no option 'lst'" "${o}let @m = hash(opt.lst); begin { @m[1] = 1; }"
says 'stdin:2:15-23: ERROR: opt.list is not a number' "${o}let @m = hash(opt.list); begin { @m[1] = 1; }"
says 'stdin:2:15-22: ERROR: a map has 1..4294967295 entries (0 provided)' "${o}let @m = hash(opt.pid); begin { @m[1] = 1; }"
says 'stdin:2:19-20: ERROR: syntax: expected identifier' "${o}let @m = hash(opt.5); begin { @m[1] = 1; }"
# without a block
says "stdin:1:1-19: ERROR: There is no option 'x': the script has no options block" 'interval:s:{opt.x} { }'
says "stdin:1:15-18: ERROR: Unknown identifier: 'opt'" 'begin { print(opt.x); }'
says 'HINT: opt.NAME is an option of the script: options = { NAME = ... }' 'begin { print(opt.x); }'
says 'HINT: the script has no options block' 'begin { print(given(opt.x)); }'
many=$(seq -s, 1 256)
says 'stdin:2:1-24: ERROR: The options make more than 65536 attach points' "options = { a = ints(\"-a N\", \"\", \"$many\"); b = ints(\"-b N\", \"\", \"$many\"); c = ints(\"-c N\", \"\", \"$many\"); }
{opt.a}:{opt.b}:{opt.c} { }"
