# Part 9.11: the warnings at run time, their place and layout; and as JSON.
cat >w.bt <<'BT'
config = { max_map_keys = 2 }
let @d = hash(1);
begin {
	$zero = nsecs * 0;
	@m[1] = 1; @m[2] = 1; @m[3] = 1;
	@c[1] = count(); @c[2] = count(); @c[3] = count();
	@d[1] = 1; @d[2]++;
	delete(@m, 7);
	delete(@m[8]);
	if (delete(@m, 9)) { }
	$x = @m[9];
	print(5 / $zero);
	$zero %= $zero;
	$a = (uint8[4])(uint32)1;
	print($a[$zero + 9]);
	warnf("as %s", "text");
	errorf("bad\n");
}
BT
skep -q w.bt >out 2>err || exit
diff - err <<'END' || exit
w.bt:5:24-29: WARNING: Map full; can't update element. Try increasing max_map_keys config or manually setting the max entries in a map declaration e.g. `let @a = hash(5000)`
Additional Info - helper: map_update_elem, retcode: -7
    @m[1] = 1; @m[2] = 1; @m[3] = 1;
                          ~~~~~
w.bt:6:36-41: WARNING: Map full; can't update element. Try increasing max_map_keys config or manually setting the max entries in a map declaration e.g. `let @a = hash(5000)`
Additional Info - helper: map_update_elem, retcode: -7
    @c[1] = count(); @c[2] = count(); @c[3] = count();
                                      ~~~~~
w.bt:7:13-18: WARNING: Map full; can't update element. Try increasing max_map_keys config or manually setting the max entries in a map declaration e.g. `let @a = hash(5000)`
Additional Info - helper: map_update_elem, retcode: -7
    @d[1] = 1; @d[2]++;
               ~~~~~
w.bt:8:9-11: WARNING: Can't delete map element because it does not exist.
Additional Info - helper: map_delete_elem, retcode: -2
    delete(@m, 7);
           ~~
w.bt:9:9-14: WARNING: Can't delete map element because it does not exist.
Additional Info - helper: map_delete_elem, retcode: -2
    delete(@m[8]);
           ~~~~~
w.bt:12:8-17: WARNING: Divide or modulo by 0 detected. This can lead to unexpected results. 1 is being used as the result.
    print(5 / $zero);
          ~~~~~~~~~
w.bt:13:2-16: WARNING: Divide or modulo by 0 detected. This can lead to unexpected results. 1 is being used as the result.
    $zero %= $zero;
    ~~~~~~~~~~~~~~
w.bt:15:8-21: WARNING: Array access out of bounds. This can lead to unexpected results.
    print($a[$zero + 9]);
          ~~~~~~~~~~~~~
w.bt:16:2-24: WARNING: as text
w.bt:17:2-17: ERROR: bad
END
skep -q -k w.bt 2>&1 >/dev/null | sed -n '/:11:/,/~/p' >out
diff - out <<'END' || exit
w.bt:11:7-12: WARNING: Can't lookup map element because it does not exist.
Additional Info - helper: map_lookup_elem, retcode: 0
    $x = @m[9];
         ~~~~~
END
skep -q --no-warnings w.bt 2>&1 >/dev/null | tail -n 2 >out
diff - out <<'END' || exit
          ~~~~~~~~~~~~~
w.bt:17:2-17: ERROR: bad
END
skep -q -f json w.bt >out 2>err || exit
[ -s err ] && { cat err; exit 1; }
grep -v Map.full out | diff - /dev/fd/3 3<<'END'
{"type": "helper_error", "msg": "Can't delete map element because it does not exist.", "helper": "map_delete_elem", "retcode": -2, "filename": "w.bt", "line": 8, "col": 9}
{"type": "helper_error", "msg": "Can't delete map element because it does not exist.", "helper": "map_delete_elem", "retcode": -2, "filename": "w.bt", "line": 9, "col": 9}
{"type": "runtime_error", "msg": "Divide or modulo by 0 detected. This can lead to unexpected results. 1 is being used as the result.", "filename": "w.bt", "line": 12, "col": 8}
{"type": "value", "data": 5}
{"type": "runtime_error", "msg": "Divide or modulo by 0 detected. This can lead to unexpected results. 1 is being used as the result.", "filename": "w.bt", "line": 13, "col": 2}
{"type": "runtime_error", "msg": "Array access out of bounds. This can lead to unexpected results.", "filename": "w.bt", "line": 15, "col": 8}
{"type": "value", "data": 0}
{"type": "warnf", "msg": "as text", "filename": "w.bt", "line": 16, "col": 2}
{"type": "errorf", "msg": "bad", "filename": "w.bt", "line": 17, "col": 2}
{"type": "map", "data": {"@c": {"1": 1, "2": 1}}}
{"type": "map", "data": {"@d": {"1": 1}}}
{"type": "map", "data": {"@m": {"1": 1, "2": 1}}}
END
