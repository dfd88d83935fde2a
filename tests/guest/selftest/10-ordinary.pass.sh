# expect: stand-in
# What most cases are like.
skep
