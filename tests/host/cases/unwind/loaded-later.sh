# timeout: 30
# A library that is loaded while the program runs: not in the first stack, but soon.
# expect: main below libbare_call
bare=$(command -v bare)
timeout 25 skep -q --no-warnings -c 'bare loop' -e '
uprobe:'"$bare"':here { if (len(dw_ustack) > 5) { printf("%s\n", dw_ustack); exit(); } }' >out || exit
grep -q libbare_call out && grep -q '^        main' out && echo main below libbare_call
