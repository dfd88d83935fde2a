r6 = r1
r0 = 0
r7 = 10
top: r0 += r7
r7 += -1
if r7 != 0 goto top
call part
exit
part: r0 <<= 1
exit
