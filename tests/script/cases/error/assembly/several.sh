# exit: 1
# expect-err-re: ^stdin:2:1-6: ERROR: unknown instruction 'gotoo'$
# expect-err-re: ^gotoo out$
# expect-err-re: ^~{5}$
# expect-err-re: ^HINT: did you mean 'goto'\?$
# expect-err-re: ^stdin:3:1-4: ERROR: there is no register r11$
# expect-err-re: ^stdin:4:17-20: ERROR: there is no label 'out'$
skep vm asm - <<'EOF'
r0 = 0
gotoo out
r11 = 5
if r0 == 0 goto out
exit
EOF
