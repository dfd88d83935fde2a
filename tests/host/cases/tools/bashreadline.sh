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
skep -q -c 'python3 terminal.py' "$CASES/../../../tools/bashreadline.bt" >out || exit
cat out
grep -qE '^[0-9:]{8} [0-9]+ +echo known \$\(\(40 \+ 2\)\)$' out && grep -qE '^[0-9:]{8} [0-9]+ +exit$' out
