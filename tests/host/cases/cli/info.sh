# expect: System
# expect: User engine
# expect-re: ^  .*: yes$
skep --info
