skep -q -c 'work udp 7114 10 60' /tools/funccount.bt 'udp_*msg' >out || exit
cat out
grep -qx '@\[udp_sendmsg\]: 60' out && grep -qx '@\[udp_recvmsg\]: 60' out
