#!/bin/sh
# Runs test cases and judges them by the directives in their leading comments.
#
#   case-runner.sh ROOT NAME...      (NAME is a .bt or .sh file's path below ROOT)
#
# One implementation serves the host (dash) and the guest (busybox ash), so it
# keeps to POSIX sh and to tools both have; regexes go through `grep -E` because
# Debian's mawk knows no {n} intervals.
#
# Prints, per case, one of
#   ok NAME
#   ok NAME: at try 2 (REASON)     the first failed for this reason: see CASE_TRIES
#   not ok NAME: REASON        followed by details, each line indented
#   skip NAME: REASON
#
# Directives, as `// name: value` in a .bt file and `# name: value` in a .sh file,
# before the first line that is no comment:
#
#   run: COMMAND           shell command (default: skep "$FILE", or sh "$FILE");
#                          several run lines are one script
#   expect: TEXT           this exact line is on stdout, after the previous match
#   expect-re: REGEX       some line matches, after the previous match
#   expect-not-re: REGEX   no line of stdout matches
#   expect-err-re: REGEX   some line of stderr matches
#   exit: N                exit status (default 0)
#   timeout: SECONDS
#   requires-kernel: 6.12  skip on older kernels
#   requires: COMMAND      skip unless this shell command succeeds
#
# A command runs in an empty scratch directory that is removed afterwards, with
# FILE, DIR (the directory of FILE) and CASES (ROOT) in its environment. A .sh
# case passes by exit 0 and skips by exit 77, its last line being the reason.
# What tests/build-progs made is on the PATH: tests/progs, and tests/lib, words that
# cases share.
#
# Environment: CASE_TRIES (how often a case that failed is run in all, default 1: what
# depends on the schedule of a busy machine may be lost once, but not twice; that it was
# is said), CASE_TIMEOUT (default timeout), CASE_ANNOUNCE=1 (prints
# `start NAME SECONDS` first, so that whoever watches a guest knows what it died
# in), CASE_AFTER (a command that complains on stdout if the case left traces).

: "${CASE_TIMEOUT:=10}" "${CASE_TRIES:=1}"
tab=$(printf '\t')

CASES=$(cd "$1" && pwd) || exit 2
export CASES
shift

scratch=$(mktemp -d "${TMPDIR:-/tmp}/case.XXXXXX") || exit 2
trap 'exit 130' INT TERM HUP

# Prints "key<tab>value" for each directive. Whatever looks like a directive but
# is none is reported as `bad`: an expectation that is silently ignored would let
# a broken test pass for ever.
directives() {
	case $1 in *.sh) mark='#' ;; *) mark='//' ;; esac
	awk -v mark="$mark" '
	BEGIN {
		n = split("run expect expect-re expect-not-re expect-err-re exit timeout " \
			"requires-kernel requires", names, " ")
		for (i = 1; i <= n; i++) known[names[i]] = 1
	}
	NR == 1 && /^#!/ { next }
	/^[ \t]*$/ { next }
	index($0, mark) != 1 { code = 1; next }
	{
		s = substr($0, length(mark) + 1)
		sub(/^[ \t]/, "", s)
		if (!match(s, /^[a-z][a-z-]*:/)) next
		key = substr(s, 1, RLENGTH - 1)
		value = substr(s, RLENGTH + 1)
		# "https://..." and "a:b" in prose are no directives.
		if (value != "" && substr(value, 1, 1) != " ") next
		value = substr(value, 2)
		if (code) {
			if (key in known) print "bad\tdirective below the code: " key
		} else if (key in known)
			print key "\t" value
		else
			print "bad\tunknown directive: " key
	}' "$1"
}

# Is the running kernel at least $1 (major.minor)?
kernel_at_least() {
	have=$(uname -r)
	have_major=${have%%.*}
	have=${have#*.}
	have_minor=${have%%[!0-9]*}
	want_major=${1%%.*}
	want_minor=${1#*.}
	[ "$have_major" -gt "$want_major" ] ||
		{ [ "$have_major" -eq "$want_major" ] && [ "$have_minor" -ge "$want_minor" ]; }
}

# Kills whatever the case started. The process group catches nearly all of it; a
# process that made its own session still carries the tag in its environment.
# No process of anybody else can match, unlike with a kill by name.
stop_case() {
	[ -n "$tag" ] || return 0
	if [ -n "$dog" ]; then
		kill -KILL "-$dog" "$dog"
		wait "$dog"
	fi 2>/dev/null
	[ -s "$scratch/pid" ] && kill -KILL "-$(cat "$scratch/pid")" 2>/dev/null
	for round in 1 2 3 4 5; do
		left=$(grep -ls "SKEP_CASE=$tag" /proc/[0-9]*/environ 2>/dev/null)
		[ -n "$left" ] || break
		for environ in $left; do
			pid=${environ#/proc/}
			kill -KILL "${pid%/environ}" 2>/dev/null
		done
	done
	tag= dog=
}

# Runs $2 for at most $1 seconds; leaves stdout, stderr, status and, after a
# timeout, the file timedout in the scratch directory.
#
# The command is in the foreground and the watchdog in the background, not the
# other way round: a shell without job control starts background commands with
# SIGINT ignored, and skep's way to be stopped is SIGINT. For the same reason the
# watchdog interrupts first: skep then prints what it has collected, which shows
# where a case got stuck.
run_limited() {
	rm -rf "$scratch"/*
	mkdir "$scratch/work"
	tag="<$$.$count>"
	setsid sh -c '
		sleep "$1"
		: >"$2/timedout"
		pid=$(cat "$2/pid")
		kill -INT "-$pid"
		sleep 2
		kill -KILL "-$pid"
	' watchdog "$1" "$scratch" </dev/null >/dev/null 2>&1 &
	dog=$!
	SKEP_CASE=$tag setsid sh -c '
		echo $$ >"$1/pid"
		cd "$1/work" || exit 125
		exec sh -c "$2"
	' case "$scratch" "$2" </dev/null >"$scratch/stdout" 2>"$scratch/stderr"
	status=$?
	stop_case
}

# Checks the output against the directives in order; prints the first complaint.
judge() {
	if [ -e "$scratch/timedout" ]; then
		echo "timed out after $limit s"
		return
	fi
	if [ "$status" -ne "$want_status" ]; then
		if [ "$status" -gt 128 ]; then
			echo "killed by signal $((status - 128)), expected exit status $want_status"
		else
			echo "exit status $status, expected $want_status"
		fi
		return
	fi
	next=1
	while IFS= read -r line; do
		key=${line%%"$tab"*}
		value=${line#*"$tab"}
		case $key in
		expect | expect-re)
			# -x -F for the exact line; -e since the text may begin with a dash.
			if [ "$key" = expect ]; then how=-xF; else how=-E; fi
			found=$(tail -n "+$next" "$scratch/stdout" | grep -n -m1 $how -e "$value")
			if [ -z "$found" ]; then
				if grep -q $how -e "$value" "$scratch/stdout"; then
					echo "out of order: $key: $value"
				else
					echo "missing: $key: $value"
				fi
				return
			fi
			next=$((next + ${found%%:*}))
			;;
		expect-not-re)
			if grep -qE -e "$value" "$scratch/stdout"; then
				echo "unwanted: $key: $value"
				return
			fi
			;;
		expect-err-re)
			if ! grep -qE -e "$value" "$scratch/stderr"; then
				echo "missing: $key: $value"
				return
			fi
			;;
		esac
	done <"$scratch.directives"
}

# The first lines of a file, indented: never to be mistaken for a result line,
# and short, because the guest sends them over a serial line.
show() {
	[ -s "$2" ] || { echo "    $1: (empty)"; return; }
	echo "    $1:"
	lines=$(wc -l <"$2")
	head -n 40 "$2" | cut -c 1-300 | tr -d '\000\r' | sed 's/^/    | /'
	# A last line without a newline would swallow the next result.
	[ -z "$(tail -c 1 "$2" | tr -d '\000\r')" ] || echo
	[ "$lines" -le 40 ] || echo "    | ... ($lines lines)"
}

run_case() {
	name=$1
	FILE=$CASES/$name
	DIR=$(dirname "$FILE")
	export FILE DIR
	directives "$FILE" >"$scratch.directives"

	command= want_status=0 limit=$CASE_TIMEOUT bad= skip=
	while IFS= read -r line; do
		key=${line%%"$tab"*}
		value=${line#*"$tab"}
		case $key in
		bad) bad=$value ;;
		run) command="$command$value
" ;;
		exit) want_status=$value ;;
		timeout) limit=$value ;;
		requires-kernel)
			kernel_at_least "$value" || skip="needs kernel $value, this is $(uname -r)"
			;;
		requires)
			sh -c "$value" </dev/null >/dev/null 2>&1 || skip="requires: $value"
			;;
		esac
	done <"$scratch.directives"
	if [ ! -e "$FILE" ]; then
		echo "not ok $name: no such case"
		return
	fi
	if [ -n "$bad" ]; then
		echo "not ok $name: $bad"
		return
	fi
	if [ -n "$skip" ]; then
		echo "skip $name: $skip"
		return
	fi
	if [ -z "$command" ]; then
		case $name in
		*.sh) command='sh "$FILE"' ;;
		*) command='skep "$FILE"' ;;
		esac
	fi

	try=1 first_reason=
	while :; do
		[ -z "$CASE_ANNOUNCE" ] || echo "start $name $limit"
		run_limited "$limit" "$command"
		case $name in
		*.sh)
			if [ "$status" -eq 77 ] && [ ! -e "$scratch/timedout" ]; then
				echo "skip $name: $(tail -n 1 "$scratch/stdout")"
				return
			fi
			;;
		esac
		reason=$(judge)
		if [ -z "$reason" ] && [ -n "$CASE_AFTER" ]; then
			reason=$(sh -c "$CASE_AFTER")
		fi
		[ -n "$reason" ] && [ "$try" -lt "$CASE_TRIES" ] || break
		: "${first_reason:=$reason}"
		try=$((try + 1))
	done
	if [ -z "$reason" ] && [ "$try" -gt 1 ]; then
		echo "ok $name: at try $try ($first_reason)"
	elif [ -z "$reason" ]; then
		echo "ok $name"
	else
		echo "not ok $name: $reason"
		sed "s/$tab/: /; s/^/    /" "$scratch.directives"
		show stdout "$scratch/stdout"
		show stderr "$scratch/stderr"
	fi
}

count=0 tag='' dog=''
trap 'stop_case; rm -rf "$scratch" "$scratch.directives"' EXIT
for case_name; do
	count=$((count + 1))
	run_case "$case_name"
done
exit 0
