# expect: one
# expect: two
printf 'two\none\n'
