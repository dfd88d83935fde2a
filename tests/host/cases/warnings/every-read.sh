# Part 9.11 with -k: each read that fails says so at its own place; what is read is zero.
# Without -k nobody hears of it.
cat >k.bt <<'BT'
struct S { int a; char b[12]; };
begin {
  $p = (int64 *)8;
  print(*$p);
  print(str(8));
  printf("%s\n", str(8));
  $s = str(8, 5);
  $n = nsecs * 0 + 3;
  $s2 = str(8, $n);
  print(buf(8, 3));
  print(buf(8, $n));
  $t = *(struct S *)8;
  print(((struct S *)8)->b);
  @x[str(8)] = 1;
  if (str(8) == "abc") { }
  print($p[3]);
}
BT
skep -q k.bt >out 2>err || exit
[ -s err ] && { cat err; exit 1; }
skep -q -k k.bt 2>&1 >/dev/null | grep -A1 '^k.bt' | sed 's/Additional Info - //; /^--$/d' | paste - - >out
diff - out <<'END'
k.bt:4:9-12: WARNING: Bad address	helper: probe_read, retcode: -14
k.bt:5:9-15: WARNING: Bad address	helper: probe_read_str, retcode: -14
k.bt:6:18-24: WARNING: Bad address	helper: probe_read_str, retcode: -14
k.bt:7:8-17: WARNING: Bad address	helper: probe_read_str, retcode: -14
k.bt:9:9-19: WARNING: Bad address	helper: probe_read_str, retcode: -14
k.bt:10:9-18: WARNING: Bad address	helper: probe_read, retcode: -14
k.bt:11:9-19: WARNING: Bad address	helper: probe_read, retcode: -14
k.bt:12:8-22: WARNING: Bad address	helper: probe_read, retcode: -14
k.bt:13:9-27: WARNING: Bad address	helper: probe_read, retcode: -14
k.bt:14:6-12: WARNING: Bad address	helper: probe_read_str, retcode: -14
k.bt:15:7-13: WARNING: Bad address	helper: probe_read_str, retcode: -14
k.bt:16:9-14: WARNING: Bad address	helper: probe_read, retcode: -14
END
