# Every stage can be looked at.
# expect-re: ^; ast$
# expect-re: ^; types$
# expect-re: ^; program begin, before the passes$
# expect-re: ^; program begin, [0-9]+ instructions
# expect-re: ^ +[0-9]+: \(95\) exit$
# expect-re: processed [0-9]+ insns
skep --dry-run -d ast,types,ir,bpf,verifier -e 'begin { @x = 1 + pid; }' 2>&1
