# expect: status 255
# expect-err-re: ^ERROR: The unwind tables of process 4194303 can't be read: No such process$
# expect-err-re: ^ERROR: Failed to parse pid: invalid integer: x$
skep --no-warnings --dwarf-pid 4194303 -e 'interval:s:1 { print(dw_ustack); }'
echo "status $?"
skep --dwarf-pid x -e 'interval:s:1 { print(dw_ustack); }'
exit 0
