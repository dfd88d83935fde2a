# Tests: what is said of them, and the exit status.
# expect: status 1
# expect: begin
# expect: [==========] Running 4 tests.
# expect: [ RUN      ] good
# expect-re: ^\[       OK \] good \([0-9]+ us\)$
# expect: [ RUN      ] bad
# expect: because
# expect-re: ^\[  FAILED  \] bad \([0-9]+ us\)$
# expect-re: ^\[  FAILED  \] loop \([0-9]+ us\)$
# expect: t.bt:5:13-37: ERROR: wrong by 3
# expect-re: ^\[  FAILED  \] exit \([0-9]+ us\)$
# expect: [==========] 4 tests ran.
# expect: [  PASSED  ] 1 tests.
# expect: [  FAILED  ] bad
# expect: [  FAILED  ] loop
# expect: [  FAILED  ] exit
# expect: end
# expect: status 0
# expect-re: ^\{"type": "test_result", "data": \{"good": \{"duration": [0-9]+, "passed": true, "output": "not seen\\n"\}\}\}$
# expect-re: ^\{"type": "test_result", "data": \{"bad": \{"duration": [0-9]+, "passed": false, "output": "because\\n"\}\}\}$
# expect: status 0
# expect-not-re: @kept|never
cat > t.bt <<'X'
begin { printf("begin\n"); }
test:good { printf("not seen\n"); @kept = 1; return 0; }
test:bad { printf("because\n"); return 3; }
test:loop { for ($i : 0..1000) { if ($i == 500) { return 1; } } }
test:exit { errorf("wrong by %d", 3); exit(1); }
bench:none { printf("never\n"); }
end { printf("end\n"); }
X
skep --test t.bt >out; echo "status $?"
sed 's/\x1b\[[0-9;]*m//g' out
skep --test --probe-filter '^test:go{2}d$' t.bt >/dev/null; echo "status $?"
skep --test -f json t.bt
skep --dry-run t.bt; echo "status $?"
