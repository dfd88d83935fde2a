# Every stage can be looked at, by its own name, and all of them by one.
bad=0
say() { echo "$*"; bad=1; }
skep='skep -q --dry-run'
script='macro two() { 2 } begin { @x = two() + pid; } interval:s:9 { print(@x); }'
# stage, where its dump goes, what is in it, what is not (that is another stage's)
try() {
	$skep -d "$1" -e "$script" >out 2>err || { say "$1 failed"; cat out err; }
	grep -qE "$3" "$2" || { say "$1: nothing like $3 on $2:"; cat out err; }
	! grep -qE "$4" out err || { say "$1: there is $4"; cat out err; }
}
try parse out '^ *call two$' '; types|; program|^map'
try ast out '^; ast$' 'call two|; types|; program|^map'
try types out '^map @x value u?int64' '; ast|; program'
try ir out '^; program begin, after the passes$' '; ast|instructions'
try codegen out '^; program begin, before the passes$' 'after the passes'
try passes out '^-- number --$' '; program'
try codegen-opt out '^; program begin, after the passes$' 'before the passes'
try bpf out '^; program begin, [0-9]+ instructions' 'passes'
try dis out '^ +[0-9]+: \(95\) exit$' 'passes'
try libbpf err '^program begin: raw_tracepoint, [0-9]+ instructions, verified$' '; ast|processed'
try libbpf err '^attached interval:s:9$' '; ast'
try libbpf err '^map .*: key 4, value [0-9]+ bytes, [0-9]+ entries$' '; ast'
try verifier err 'processed [0-9]+ insns' '; ast|^map'
$skep -v -e "$script" >out 2>err && grep -q '^attached interval' err || say "-v says nothing"
$skep -d all -e "$script" >out 2>err || say 'all failed'
for dump in '; parse' '; ast' '; types' '; program begin, before' '-- dead --' '; program begin, after' \
	'program begin: raw_tracepoint' 'attached interval' 'processed '; do
	cat out err | grep -qe "$dump" || say "all: no $dump"
done
[ "$(grep -c '^; $' out)" = 0 ] || say 'a stage without a name'
exit $bad
