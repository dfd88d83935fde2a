# exit: 3
# expect: -n  out
# expect-err-re: ^err$
echo err >&2
printf '%s\n' '-n  out'
exit 3
