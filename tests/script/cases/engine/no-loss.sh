# The user engine makes its events in the thread that reads them: none is lost, however large.
# expect: 3000 records of 3000
# expect-not-re: Lost
skep --engine=user -q -o out -c 'dd if=/dev/zero of=/dev/null bs=1 count=3000' -e '
config = { max_strlen = 2048 }
tracepoint:syscalls:sys_enter_write /pid == cpid && args.fd == 1/ { @s = "text"; @n = count(); print((@s, @s)); }
end { clear(@s); }' 2>&1
echo "$(grep -c '^(text, text)' out) records of $(sed -n 's/^@n: //p' out)"
