# A function of two modules: which one has to be said.
# requires: test -e /lib/modules/crct10dif_generic.ko
# expect: said
# expect: chosen
for module in crct10dif_common crct10dif_generic crc32c_generic; do
	insmod /lib/modules/$module.ko 2>err || ! grep -v 'File exists' err || exit 1
done
skep --dry-run -e 'fentry:chksum_init { }' >out 2>&1 && exit 1
cat out
grep -q "^stdin:1:1-19: ERROR: ambiguous attach point, please specify module containing the function 'chksum_init'$" out && echo said
skep -l 'fentry:*:chksum_init' >list
cat list
[ "$(wc -l <list)" = 2 ] || exit 1
# Before 6.4 the kernel takes the first of the name, whatever module was said: both are not to be had.
skep --dry-run -q -e 'fentry:crc32c_generic:chksum_init { @[probe] = count(); }' && echo chosen
rmmod crct10dif_generic
rmmod crc32c_generic
rmmod crct10dif_common
true
