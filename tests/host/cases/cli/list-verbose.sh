# expect: tracepoint:syscalls:sys_enter_openat
# expect:     int dfd
# expect:     const char * filename
# expect:     int flags
skep -lv 'tracepoint:syscalls:sys_enter_openat'
