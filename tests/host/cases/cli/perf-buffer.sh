# Without a ring buffer (kernels before 5.8) events come through perf buffers.
# expect: begin
# expect-re: ^[0-9]+ cat /etc/hostname$
# expect: end
# expect-err-re: ^Attached 3 probes$
skep --no-feature ringbuf -c 'cat /etc/hostname' -e 'begin { printf("begin\n"); }
tracepoint:syscalls:sys_enter_openat /pid == cpid && strncmp(str(args.filename), "/etc/hostname", 13) == 0/ { printf("%d %s %s\n", pid, comm, str(args.filename)); }
end { printf("end\n"); }'
