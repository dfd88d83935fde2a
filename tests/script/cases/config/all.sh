# timeout: 60
# Part 1.7: the default of every variable, every one set in a block, by environment, and both;
# what each of them refuses, with the same words from either place.
show='begin { print(config); }'
run() { skep -q --engine user -c true "$@" | sed '/^$/d; s/, /\n/g; s/^{ //; s/ }$//'; }
run -e "$show" >out
diff - out <<'END' || exit
.cache_user_symbols = PER_PID
.cpp_demangle = true
.lazy_symbolication = true
.license = GPL
.log_size = 1000000
.max_bpf_progs = 1024
.max_cat_bytes = 10240
.max_map_keys = 4096
.max_probes = 1024
.max_stacks = 16384
.max_strlen = 1024
.missing_probes = error
.on_stack_limit = 32
.perf_rb_pages = 0
.print_maps_on_exit = true
.show_debug_info = true
.stack_mode = bpftrace
.str_trunc_trailer = ..
.use_blazesym = false
.unstable_import_statement = error
.unstable_tseries = warn
.unstable_typeinfo = error
.unstable_dw_ustack = warn
END
set='cache_user_symbols=NONE cpp_demangle=false lazy_symbolication=0 license=Dual_BSD/GPL log_size=2000
max_bpf_progs=7 max_cat_bytes=8 max_map_keys=9 max_probes=10 max_stacks=11 max_strlen=110 missing_probes=warn on_stack_limit=64
perf_rb_pages=16 print_maps_on_exit=false show_debug_info=0 stack_mode=perf str_trunc_trailer=~~ use_blazesym=1
unstable_import_statement=warn unstable_tseries=enable unstable_typeinfo=1 unstable_dw_ustack=0'
cat >want <<'END'
.cache_user_symbols = NONE
.cpp_demangle = false
.lazy_symbolication = false
.license = Dual BSD/GPL
.log_size = 2000
.max_bpf_progs = 7
.max_cat_bytes = 8
.max_map_keys = 9
.max_probes = 10
.max_stacks = 11
.max_strlen = 110
.missing_probes = warn
.on_stack_limit = 64
.perf_rb_pages = 16
.print_maps_on_exit = false
.show_debug_info = false
.stack_mode = perf
.str_trunc_trailer = ~~
.use_blazesym = true
.unstable_import_statement = warn
.unstable_tseries = enable
.unstable_typeinfo = enable
.unstable_dw_ustack = error
END
block= upper= others=
for pair in $set; do
	name=${pair%%=*} value=$(echo "${pair#*=}" | tr _ ' ')
	block="$block $name = \"$value\";"
	upper="$upper BPFTRACE_$(echo "$name" | tr a-z A-Z)='$value'"
	others="$others SKEP_$(echo "$name" | tr a-z A-Z)='$value'"
done
run -e "config = { $block } $show" >out
diff want out || exit
(eval "export $upper"; run -e "$show") >out
diff want out || exit
(eval "export $others"; run -e "config = { max_strlen = 5; license = GPL; missing_probes = ignore; perf_rb_pages = 2 } $show") >out
diff want out || exit

# refuses ENV-OR-BLOCK-VALUE ERROR
refuses() {
	skep --dry-run -e "config = { ${1%%=*} = \"${1#*=}\" } begin { }" >out 2>&1
	[ $? = 1 ] && head -n 1 out | sed 's/^stdin:1:12-[0-9]*: //' | grep -qxF -- "ERROR: $2" || { echo "block $1"; cat out; exit 1; }
	env "BPFTRACE_$(echo "${1%%=*}" | tr a-z A-Z)=${1#*=}" skep --dry-run -e 'begin { }' >out 2>&1
	[ $? = 1 ] && grep -qxF -- "ERROR: $2" out || { echo "environment $1"; cat out; exit 1; }
}
for name in log_size max_bpf_progs max_cat_bytes max_map_keys max_probes max_stacks max_strlen on_stack_limit perf_rb_pages; do
	for value in x -1 '' 1x; do refuses "$name=$value" "$name: expecting a number, got $value"; done
done
for name in cpp_demangle lazy_symbolication print_maps_on_exit show_debug_info use_blazesym; do
	for value in x 2 ''; do refuses "$name=$value" 'Invalid bool value: valid values are true, false, 1 or 0.'; done
done
for name in unstable_import_statement unstable_tseries unstable_typeinfo unstable_dw_ustack; do
	for value in x 2 ''; do refuses "$name=$value" "Invalid value for $name: valid values are enable, warn, and error."; done
done
refuses cache_user_symbols=x 'Invalid value for cache_user_symbols: valid values are PER_PID, PER_PROGRAM, and NONE.'
refuses missing_probes=x 'Invalid value for missing_probes: valid values are error, warn, and ignore.'
refuses stack_mode=x 'Invalid value for stack_mode: valid values are bpftrace, raw, perf, and build_id.'
refuses license=MIT 'Invalid value for license: valid values are GPL, GPL v2, GPL and additional rights, Dual BSD/GPL, Dual MIT/GPL, and Dual MPL/GPL.'
refuses max_map_keys=0 'max_map_keys must be 1..4294967295 (0 provided)'
refuses max_stacks=0 'max_stacks must be 1..4294967295 (0 provided)'
refuses max_strlen=0 'max_strlen must be 1..16384 (0 provided)'
refuses max_strlen=16385 'max_strlen must be 1..16384 (16385 provided)'
