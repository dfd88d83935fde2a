# expect: System
# expect-re: ^  .*: yes$
skep --info
