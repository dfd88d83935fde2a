# Maps that have stacks in their keys, as skep prints them.
# run: frames() { sed -n 's/^<g class="f" data-f="\([^"]*\)"><title>\(.*\)$/\1 \2/p;s/^WARN.*/&/p;s/^ERR.*/&/p'; }
# run: printf 'Attached 1 probe\n\n\n@[\n    leaf+12\n    main+34\n, \n    read+5\n    main+2@../a.c:7\n, a, b]: 2\n@[\n    other+1\n    main+2\n, \n, a, b]: 3\n@n: 5\n@by[x]: 7\n' >text
# run: skep flamegraph text 2>&1 | frames
# run: echo offsets; skep flamegraph --offsets text 2>/dev/null | frames | tail -n 2
# run: echo kernel; printf '@[\n    vfs_read+1\n    entry_SYSCALL_64_after_hwframe+2\n, \n    [inlined] in@x.c:3\n    main+2\n]: 4\n' | skep flamegraph | sed -n '/^<g/{N;s/.*<title>//;s/\n/: /;s/<.*//;p;}'
# run: echo swapped; printf '@[\n    main+2\n, \n    vfs_read+1\n    entry_SYSCALL_64_after_hwframe+2\n]: 4\n' | skep flamegraph | frames
# run: echo perf; printf '@[\n\t7f12 f(int)+5 (/lib/x.so)\n\t55aa main+9 (/bin/x y)\n]: 4\n@[\n\t55aa in (inlined)\n\t55aa main+9 (/bin/x y)\n]: 4\n' | skep flamegraph | frames
# run: echo raw; printf '@[\nffffffff81000000\nffffffff82000000\n]: 4\n' | skep flamegraph | frames
# run: echo json; printf '{"type": "attached_probes", "data": {"probes": 1}}\n{"type": "map", "data": {"@": {"\\nl\\u00e9af+12\\nmain+34\\n,comm,7": 2, "\\n,comm,7": "3"}}}\n{"type": "map", "data": {"@n": 5}}\n{"type": "map", "data": {"@c": {"x": 5}}}\n' >json
# run: skep flamegraph json 2>&1 | frames
# run: echo jsonperf; printf '{"type":"map","data":{"@":{"\\n\\t7f00aabbccddface+44(/lib/x.so)\\n\\tffffffff81000000do_it+3\\n\\t55ab9c8b15c5inner(inlined)\\n":1}}}\n' | skep flamegraph | frames
# run: echo several; printf '@[\n    f+1\n]: 1\n@b[\n    g+1\n]: 1\n' >two; skep flamegraph two 2>&1; skep flamegraph --map b two | frames; skep flamegraph --map @b two | frames; skep flamegraph --map c two 2>&1
# run: echo broken; printf '{"type": "map", "data": {"@": {"\\nf\\n": [1], "\\ng\\n": 2}}}\n{"type": "map", "data"\n@[\n    f+1\nx;y 4\n@[\n' | skep flamegraph 2>&1 | frames
# run: echo php; printf '{main};f 3\n{{closure}} 2\n@plt;g 1\n' | skep flamegraph 2>&1 | frames
# expect: WARNING: 1 line ignored, the first is line 1
# expect: 0 0 5 all
# expect: 1 0 5 a
# expect: 2 0 5 b
# expect: 3 0 5 main
# expect: 4 0 3 other
# expect: 4 3 2 read
# expect: 5 3 2 main
# expect: 6 3 2 leaf
# expect: offsets
# expect: 5 3 2 main+34
# expect: 6 3 2 leaf+12
# expect: kernel
# expect: main: 4 samples, 100.00%
# expect: in: 4 samples, 100.00%, inlined
# expect: entry_SYSCALL_64_after_hwframe: 4 samples, 100.00%, kernel
# expect: vfs_read: 4 samples, 100.00%, kernel
# expect: swapped
# expect: 1 0 4 main
# expect: 2 0 4 entry_SYSCALL_64_after_hwframe
# expect: 3 0 4 vfs_read
# expect: perf
# expect: 1 0 8 main
# expect: 2 0 4 f(int)
# expect: 2 4 4 in
# expect: raw
# expect: 1 0 4 ffffffff82000000
# expect: 2 0 4 ffffffff81000000
# expect: json
# expect: 1 0 5 comm
# expect: 2 0 5 7
# expect: 3 0 2 main
# expect: 4 0 2 léaf
# expect: jsonperf
# expect: 1 0 1 inner
# expect: 2 0 1 do_it
# expect: 3 0 1 face
# expect: several
# expect: ERROR: two: stacks are in several maps, @ and @b
# expect: HINT: choose one with --map
# expect: 1 0 1 g
# expect: 1 0 1 g
# expect: ERROR: two: there are no stacks in a map c
# expect: broken
# expect: WARNING: 4 lines ignored, the first is line 1
# expect: 1 0 2 g
# expect: 1 2 4 x
# expect: 2 2 4 y
# expect: php
# expect: 1 0 1 @plt
# expect: 2 0 1 g
# expect: 1 1 3 {main}
# expect: 1 4 2 {{closure}}
