# expect: tracepoint:syscalls:sys_enter_nanosleep
# expect: interval:s:
# expect: software:cpu-clock:
skep -l 'tracepoint:syscalls:sys_enter_nanosleep'
skep -l 'interval:*'
skep -l 'software:cpu*'
