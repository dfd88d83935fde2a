# expect-re: ^x\.bt:2:6-12: ERROR: Reports are a second apart at least \(interval: 0\)$
# expect-re: ^x\.bt:2:6-12: ERROR: Reports are a second apart at least \(interval: -5\)$
# expect: 1 and 99999999 are fine
# How often a host block reports is what the command line says, if that can be.
cat >x.bt <<'END'
options = { interval = int("[interval]", "seconds", 0); }
host report { exit(); }
END
skep --mode codegen x.bt 0 2>&1
skep --mode codegen x.bt -- -5 2>&1
skep --mode codegen x.bt 1 >/dev/null && skep --mode codegen x.bt >/dev/null &&
	skep --mode codegen x.bt 99999999 >/dev/null && echo '1 and 99999999 are fine'
