# requires: command -v bash python3 && nm -D /bin/bash | grep -q ' T readline$'
# timeout: 30
# A shell at a terminal, which is what readline wants.
cat >terminal.py <<'END'
import os, pty
pid, fd = pty.fork()
if pid == 0:
    os.execlp("bash", "bash", "--norc", "-i")
os.write(fd, b"echo known $((40 + 2))\nexit\n")
seen = b""
try:
    while chunk := os.read(fd, 1000):
        seen += chunk
except OSError:
    pass
os.waitpid(pid, 0)
END
skep -q -c 'python3 terminal.py' bashreadline >out || exit
cat out
sed -n 1p out | grep -qx 'TIME      PID     COMMAND' &&
	grep -qE '^[0-9:]{8}  [0-9]+ +echo known \$\(\(40 \+ 2\)\)$' out &&
	grep -qE '^[0-9:]{8}  [0-9]+ +exit$' out && [ "$(wc -l <out)" -eq 3 ] || exit 1

# Where bash uses the library. Nobody else's lines count, nor the end of the input; 79 bytes at most.
library=$(ldconfig -p | sed -n 's/.*libreadline\.so\.[0-9]* .*=> //p' | head -n 1)
[ -n "$library" ] || exit 0
cat >library.py <<'END'
import ctypes, sys
readline = ctypes.CDLL(sys.argv[1]).readline
for name, n in ("other", 2), ("bash", 3):
    open("/proc/self/comm", "w").write(name)
    for i in range(n):
        readline(b"")
END
{ printf 'one\ntwo\nthree\n'; printf '%0100d\n' 0; } >lines
cp "$library" own.so
saw() { # LIBRARY-USED OPTIONS...: what is seen
	used=$1
	shift
	echo "python3 library.py $used <lines >/dev/null" >library.sh
	skep -q -c 'sh library.sh' bashreadline --csv "$@" | sed 's/.*,//' >out || exit
	echo "== $1"
	cat out
}
saw "$library" -s
[ "$(sed -n 2p out)" = three ] && [ "$(sed -n 3p out)" = "$(printf '%079d' 0)" ] && [ "$(wc -l <out)" -eq 3 ] || exit 1
saw ./own.so -s "$PWD/own.so"
[ "$(wc -l <out)" -eq 3 ] || exit 1
saw ./own.so --shared
[ "$(wc -l <out)" -eq 1 ] || exit 1
skep bashreadline -s /nowhere.so 2>err && exit 1
grep -q "uprobe target file '/nowhere.so' does not exist" err
