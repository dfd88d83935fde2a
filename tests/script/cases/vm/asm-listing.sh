# What asm shows, asm reads, and disasm shows the same of the bytes.
# expect:    0: b7 00 00 00 00 00 00 00  r0 = 0
# expect:    1: 18 11 00 00 03 00 00 00  r1 = map[fd:3] ll
# expect:    2: 00 00 00 00 00 00 00 00
# expect:    3: 15 00 fc ff 00 00 00 00  if r0 == 0x0 goto pc-4
# expect:    4: 95 00 00 00 00 00 00 00  exit
# expect: same
skep vm asm - >one <<'EOF' || exit
top: r0 = 0
r1 = map[fd:3] ll
if r0 == 0 goto top  ; for ever
exit
EOF
cat one
skep vm asm -o code one && [ "$(wc -c <code)" -eq 40 ] || exit
skep vm disasm code >two && cmp one two || exit
skep vm disasm - <code | skep vm asm - | cmp one - && echo same
