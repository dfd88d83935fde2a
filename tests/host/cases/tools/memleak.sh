# requires: command -v chain
# timeout: 120
# A program that keeps 30 of 50 blocks of 777 bytes, and one of 233100; looked at in many ways at once.
chain hold ready go alloc 777 50 20 done &
program=$!
until [ -e ready ]; do sleep 0.05; done
all= files=
run() { # FILE OPTIONS...: until ^C
	file=$1
	shift
	files="$files $file"
	skep memleak -p $program "$@" >"$file" 2>"$file.err" &
	all="$all $!"
}
run plain -o 0 1000
run by-count -o 0 --sort count 1000
run first -o 0 --top 1 1000
run small -o 0 -Z 1000 1000
run large -o 0 -z 1000 1000
run young -o 600000 1000
run combined --combined-only 1000
run sampled -o 0 -s 10 -Z 777 1000
run all -o 0 -a 1000
run calls -t
run other -o 0 -O "$(command -v chain)" --symbols-prefix my_ 1000
skep memleak -p $program -o 0 --json 1 1000 >json 2>json.err &
all="$all $!"
i=0
for f in $files; do
	until grep -q "^Attaching to pid $program, Ctrl+C to quit.$" "$f"; do
		sleep 0.05
		i=$((i + 1))
		[ $i -lt 800 ] || { echo "$f does not begin"; cat "$f" "$f.err"; exit 1; }
	done
done
: >go
until [ -e done ]; do sleep 0.05; done
# A report while the program runs, and for everybody one at the end.
until grep -q '"allocations": 30, ' json; do
	sleep 0.05
	i=$((i + 1))
	[ $i -lt 800 ] || { echo 'no row'; cat json json.err; exit 1; }
done
for p in $all; do kill -INT "$p"; done
for p in $all; do wait "$p" || { echo "$p failed"; cat ./*.err; exit 1; }; done
rm done
wait $program
is() { # WHAT WANTED: the lines with bytes
	got=$(sed -n 's/^\t\([0-9]* bytes in [0-9]* allocations\) from stack$/\1/p' "$1" | tr '\n' ,)
	[ "$got" = "$2" ] && [ ! -s "$1.err" ] || { echo "$1: $got"; cat "$1" "$1.err"; exit 1; }
}
is plain '23310 bytes in 30 allocations,233100 bytes in 1 allocations,'
is by-count '233100 bytes in 1 allocations,23310 bytes in 30 allocations,'
is first '233100 bytes in 1 allocations,'
is small '23310 bytes in 30 allocations,'
is large '233100 bytes in 1 allocations,'
is young ''
is combined '23310 bytes in 30 allocations,233100 bytes in 1 allocations,'
is sampled '2331 bytes in 3 allocations,'
is all '23310 bytes in 30 allocations,233100 bytes in 1 allocations,'
is other '23310 bytes in 30 allocations,'
good() { # FILE: the last command's status
	[ $? -eq 0 ] || { cat "$1" "$1.err"; exit 1; }
}
sed -n 2p plain | grep -qE '^\[[0-2][0-9]:[0-5][0-9]:[0-5][0-9]\] Top 10 stacks with outstanding allocations:$' && grep -q '\] Top 1 stacks' first
good plain
tab=$(printf '\t')
sed 's/0x[0-9a-f]\{16\}'"$tab"'\([^ ]*\)+0x[0-9a-f]* \(\[.*\]\)$/\1 \2/' plain | sed -n '4,8p' | tr -d '\t' | tr '\n' ';' |
	grep -qx 'my_malloc \[chain\];inner \[chain\];middle \[chain\];outer \[chain\];run \[chain\];'
good plain
[ "$(grep -cE "^${tab}addr = [0-9a-f]+ size = 777$" all)" -eq 30 ] && [ "$(grep -cE "^${tab}addr = [0-9a-f]+ size = 233100$" all)" -eq 1 ]
good all
[ "$(grep -cE "^\(chain $program [0-9]+ [0-9]+\.[0-9]{6}\) alloc entered, size = 777$" calls)" -eq 50 ] &&
	[ "$(grep -cE "^\(.*\) alloc exited, size = 777, result = [0-9a-f]+$" calls)" -eq 50 ] &&
	[ "$(grep -cE "^\(.*\) free entered, size = 777, address = [0-9a-f]+$" calls)" -eq 20 ] && ! grep -q Top calls
good calls
grep -qE '^\{"bytes": 23310, "allocations": 30, "stack": \["0x[0-9a-f]{16} my_malloc\+0x[0-9a-f]+ \[chain\]", .*\]\}$' json
good json

# Every function that allocates, and none twice, by the user engine, from the program's start.
want=$(printf '%s\n' 33 44 55 66 77 88 128 8192 200000 | sed 's/$/ bytes in 1 allocations/' | tr '\n' ,)
skep --engine user memleak -c 'chain kinds' -o 0 >kinds 2>kinds.err
good kinds
is kinds "$want"
head -n 1 kinds | grep -qx "Executing 'chain kinds' and tracing the resulting process." && sed -n 2p kinds | grep -qE '^Attaching to pid [0-9]+, Ctrl\+C to quit\.$'
good kinds
skep --engine user memleak -c 'barechain alloc 777 5 2' -o 0 --csv --dwarf >csv 2>csv.err
grep -qx 'BYTES,ALLOCATIONS,STACK' csv && grep -qE '^2331,3,0x[^;]* my_malloc[^;]*;[^;]* inner\+[^;]*;[^;]* middle\+[^;]*;[^;]* outer\+[^;]*;.* main\+.*_start\+' csv
good csv
skep --engine user memleak -c true -p 1 2>err && exit 1
grep -q 'exclude each other' err || exit 1
skep memleak -p 99999999 2>err && exit 1
grep -qx 'ERROR: -p/--pid: there is no process 99999999' err || exit 1
skep -c true memleak -p $$ 2>err && exit 1
grep -qx 'ERROR: Cannot use -c or -p with a script that follows a process itself' err || { cat err; exit 1; }
skep --engine user memleak -c true -O nosuch 2>err && exit 1
grep -q "uprobe target file 'nosuch' does not exist" err || { cat err; exit 1; }
