# expect-re: ^a{3}$
# expect-not-re: ^b{3}$
printf 'aaa\nbbb\n'
