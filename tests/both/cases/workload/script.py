import os
import signal
import sys

seen = []
signal.signal(signal.SIGUSR1, lambda *_: seen.append(1))
for _ in range(3):
    os.kill(os.getpid(), signal.SIGUSR1)
with open("written", "w") as file:
    for i in range(50):
        file.write("abcdef")
        file.flush()
pid = os.fork()
if not pid:
    os._exit(9)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 9
try:
    open("nothing/here")
except FileNotFoundError:
    pass
sys.exit(len(seen))
