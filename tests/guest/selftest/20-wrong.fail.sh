# expect: something else
skep
