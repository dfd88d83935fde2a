# timeout: 30
# What a config block refuses, what it warns of, and that the environment wins.
says() {
	text=$1
	shift
	"$@" >out 2>err
	cat out err | grep -qxF -- "$text" || { echo "$*: no '$text'"; cat out err; exit 1; }
}
refuses() {
	skep --dry-run -e "config = { $2 } begin { }" 2>err
	[ $? = 1 ] && grep -qxF -- "$1" err || { echo "$2"; cat err; exit 1; }
}
refuses 'stdin:1:12-17: ERROR: bad: not a known configuration option' 'bad=1'
refuses 'HINT: did you mean max_strlen?' 'max_strlem=1'
refuses 'stdin:1:12-19: ERROR: BTF: can only be set as an environment variable' 'BTF="x"'
refuses 'stdin:1:12-24: ERROR: max_strlen: expecting a number, got x' 'max_strlen=x'
refuses 'stdin:1:12-26: ERROR: Invalid value for stack_mode: valid values are bpftrace, raw, perf, and build_id.' 'stack_mode=foo'
refuses 'stdin:1:12-28: ERROR: Invalid value for missing_probes: valid values are error, warn, and ignore.' 'missing_probes=x'
refuses 'stdin:1:12-21: ERROR: Invalid value for license: valid values are GPL, GPL v2, GPL and additional rights, Dual BSD/GPL, Dual MIT/GPL, and Dual MPL/GPL.' 'license=x'
refuses 'stdin:1:12-32: ERROR: Invalid value for cache_user_symbols: valid values are PER_PID, PER_PROGRAM, and NONE.' 'cache_user_symbols=x'
refuses 'stdin:1:12-30: ERROR: Invalid value for unstable_tseries: valid values are enable, warn, and error.' 'unstable_tseries=x'
refuses 'stdin:1:12-26: ERROR: Invalid bool value: valid values are true, false, 1 or 0.' 'cpp_demangle=x'
refuses "stdin:1:25-35: ERROR: syntax: expected ';'" 'max_strlen=9 max_probes=3'
skep --dry-run --engine user -c /bin/true -e 'config = {
symbol_source=1; max_type_res_iterations=1; unstable_addr=1; unstable_import=1; unstable_macro=1;
unstable_map_decl=1; strlen=9; CAT_BYTES_MAX=9; map_keys_max=9; no_cpp_demangle=1 } begin { }' 2>err || exit 1
for old in symbol_source max_type_res_iterations unstable_addr unstable_import unstable_macro unstable_map_decl; do
	grep -q ": WARNING: $old is deprecated and has no effect$" err || { echo $old; cat err; exit 1; }
done
for pair in strlen:max_strlen cat_bytes_max:max_cat_bytes map_keys_max:max_map_keys no_cpp_demangle:cpp_demangle; do
	grep -q ": WARNING: ${pair%:*} has been renamed, please use ${pair#*:}$" err || { echo $pair; cat err; exit 1; }
done
p='begin { print((config.max_strlen, config.max_map_keys, config.max_cat_bytes, config.cpp_demangle, config.cache_user_symbols)); }'
says '(33, 3, 9, false, NONE)' env BPFTRACE_STRLEN=33 BPFTRACE_MAP_KEYS_MAX=3 BPFTRACE_CAT_BYTES_MAX=9 \
	BPFTRACE_NO_CPP_DEMANGLE=1 BPFTRACE_NO_USER_SYMBOLS=1 skep -q --engine user -c /bin/true -e "$p"
says '(44, 4, 5, true, PER_PID)' env SKEP_MAX_STRLEN=44 skep -q --engine user -c /bin/true \
	-e "config = { Max_StrLen = 70; BPFTRACE_MAX_MAP_KEYS = 4; max_cat_bytes = \"5\"; cache_user_symbols = per_pid; } $p"
says 'ERROR: max_strlen: expecting a number, got abc' env BPFTRACE_MAX_STRLEN=abc skep -q -e "$p"
says 'WARNING: unstable_macro is deprecated and has no effect' \
	env BPFTRACE_UNSTABLE_MACRO=1 skep -q --engine user -c /bin/true -e "$p"
