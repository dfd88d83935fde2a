# Benchmarks: a table, or JSON.
# expect: Name                                     Time(ns)       Iterations
# expect: ------------------------------------------------------------------
# expect-re: ^add                                      [0-9]+ +1(0)+$
# expect-re: ^\{"type": "benchmark_result", "data": \{"add": \{"average": [0-9]+, "iters": 1(0)+\}\}\}$
# expect-re: ^compile                                  [0-9]+ +[0-9]+$
# expect: compiled 0
# expect-not-re: never|@n
cat > b.bt <<'X'
bench:add { @n += 1; printf("never\n"); }
test:none { return 1; }
X
skep --bench b.bt
skep --mode bench -f json b.bt
skep --mode compiler-bench b.bt
skep --mode codegen b.bt; echo "compiled $?"
