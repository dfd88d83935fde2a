# 50 blocks of 777 bytes, 20 of which are given back.
skep -q -c 'work malloc 777 50 20' /tools/memleak.bt >out || exit
cat out
awk '/do_malloc\+/ { on = 1 } on && /^\]: / { s = s " " $2; on = 0 } END { exit s != " 23310 30" }' out
