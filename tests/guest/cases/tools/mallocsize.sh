skep -q -c 'work malloc 3000 40 0' /tools/mallocsize.bt >out || exit
cat out
grep -qE '^\[2K, 4K\) +40 \|' out && grep -qE '^@total\[work\]: 12[0-9]{4}$' out
