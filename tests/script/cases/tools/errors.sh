# expect: ERROR: There is no tool 'opensnop'
# expect: HINT: did you mean opensnoop?
# expect: ERROR: There is no tool 'nothing_like_it'
# expect: HINT: skep tools lists them
# expect: ERROR: There is no tool '../x'
# expect: ERROR: cannot make links in /no/such/directory: No such file or directory
# expect-re: ^ERROR: cannot make links in .*/a-file: Not a directory$
# expect: ERROR: Only one of --source, --man, --json and --links can be used.
# expect: ERROR: unexpected argument: more
# expect: tools: unrecognized option '--sorce'
# Mistakes with `skep tools`: 1 for what is not there, 2 for a line that is wrong.
try() {
	want=$1
	shift
	skep tools "$@" 2>&1
	status=$?
	[ $status -eq "$want" ] || echo "status $status: $*"
}
try 1 --source opensnop
try 1 --source nothing_like_it
try 1 --source ../x
try 1 --links /no/such/directory
: >a-file
try 1 --links "$PWD/a-file"
try 2 --source opensnoop --json
try 2 --source opensnoop more
try 2 --sorce opensnoop
