# Part 9.8: what is no map and no value; -q leaves the banner out; no blank lines.
echo contents >file
skep --unsafe -f json -c 'env true' -e '
begin { time("%%\n"); cat("file"); system("echo out; echo err >&2"); printf("a\n"); print("b"); warnf("w\n"); errorf("e %d", 1); }
tracepoint:syscalls:sys_enter_execve /pid == cpid/ { if (!@n++) { join(args.argv); join(args.argv, "-"); } }
end { clear(@n); }' >out 2>err || exit
[ -s err ] && { cat err; exit 1; }
sort out | diff - /dev/fd/3 3<<'END' || exit
{"type": "attached_probes", "count": 3, "data": {"probes": 3}}
{"type": "cat", "data": "contents\n"}
{"type": "errorf", "msg": "e 1", "filename": "stdin", "line": 2, "col": 111}
{"type": "join", "data": "env true"}
{"type": "join", "data": "env-true"}
{"type": "map", "data": {"@n": 0}}
{"type": "printf", "data": "a\n"}
{"type": "syscall", "data": "out\nerr\n"}
{"type": "time", "data": "%\n"}
{"type": "value", "data": "b"}
{"type": "warnf", "msg": "w", "filename": "stdin", "line": 2, "col": 97}
END
[ -z "$(skep -q -f json -e 'begin { @h[1] = hist(1); clear(@h); @k[1] = 1; delete(@k, 1); }')" ]
