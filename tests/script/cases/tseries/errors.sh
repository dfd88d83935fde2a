# Each mistake that tseries() can be made with: what is said, and where.
check() {
	BPFTRACE_UNSTABLE_TSERIES=enable skep --dry-run -e "$1" 2>err && { echo "accepted: $1"; exit 1; }
	head -n 1 err | grep -qxF "$2" || { echo "$1"; cat err; exit 1; }
}
check 'begin { @ = tseries(1, 1s); }' \
	'stdin:1:13-27: ERROR: tseries() requires at least 3 arguments (2 provided)'
check 'begin { @ = tseries("a", 1s, 2); }' \
	'stdin:1:21-24: ERROR: tseries() only supports int arguments (string provided)'
check 'begin { @ = tseries(1, 0, 2); }' \
	'stdin:1:24-25: ERROR: tseries() interval_ns must be >= 1 (0 provided)'
check 'begin { @ = tseries(1, pid, 2); }' \
	'stdin:1:24-27: ERROR: tseries() expects an int literal (int provided)'
check 'begin { @ = tseries(1, 1s, 0); }' \
	'stdin:1:28-29: ERROR: tseries() num_intervals must be 1..1000000 (0 provided)'
check 'begin { @ = tseries(1, 1s, 1000001); }' \
	'stdin:1:28-35: ERROR: tseries() num_intervals must be 1..1000000 (1000001 provided)'
check 'begin { @ = tseries(1, 1s, 1366); }' \
	'stdin:1:28-32: ERROR: 1366 intervals do not fit a map value (at most 1365)'
check 'begin { @ = tseries(1, 1s, 2049, "max"); }' \
	'stdin:1:28-32: ERROR: 2049 intervals do not fit a map value (at most 2048)'
check 'begin { @ = tseries(1, 1s, 2, "stats"); }' \
	'stdin:1:31-38: ERROR: Invalid tseries aggregation function: stats'
check 'begin { @ = tseries(1, 1s, 2); @ = tseries(1, 2s, 2); }' \
	'stdin:1:36-53: ERROR: Different tseries parameters in a single map unsupported'
check 'begin { @ = tseries(1, 1s, 2); @ = count(); }' \
	"stdin:1:36-43: ERROR: Type mismatch for @: trying to assign value of type 'count_t' when map already has a type 'tseries_t'"
check 'begin { $a = tseries(1, 1s, 2); }' \
	'stdin:1:14-31: ERROR: tseries() must be assigned directly to a map'
check 'begin { @ = tseries(1, 1s, 2); printf("%d", @); }' \
	"stdin:1:32-47: ERROR: unsupported format specifier for type 'tseries_t': d"
check 'begin { @ = tseries(1, 1s, 2); @x[@] = 1; }' \
	'stdin:1:35-36: ERROR: tseries_t cannot be part of a map key'
skep --dry-run -e 'config = { unstable_tseries = error } begin { @ = tseries(1, 1s, 2); }' 2>err && exit 1
grep -qxF 'stdin:1:51-68: ERROR: tseries feature is not enabled by default. To enable this unstable feature, set the config flag to enable. unstable_tseries=enable' err || { cat err; exit 1; }
