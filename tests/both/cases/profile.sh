# Samples of all that comes from a command: of each process more than one, its frames named.
cat >burn.py <<'END'
import multiprocessing
import time


def burn():
    end = time.process_time() + 0.3
    while time.process_time() < end:
        sum(range(1000))


burners = [multiprocessing.Process(target=burn) for _ in range(6)]
for burner in burners:
    burner.start()
for burner in burners:
    burner.join()
END
command -v python3 >/dev/null || { echo "there is no python3"; exit 77; }
skep -q -o out -c 'python3 burn.py' -e 'begin { @ours[cpid] = 1; }
tracepoint:sched:sched_process_fork /@ours[args.parent_pid]/ { @ours[args.child_pid] = 1; }
profile:hz:199 /@ours[pid] && pid != cpid/ { @all = count(); @of[pid] = count(); @by[comm] = count(); }
end { for ($kv : @of) { if ((uint64)$kv.1 > 10) { @many++; } }
	printf("%d burners, enough %d, named %d\n", @many, (uint64)@all > 200, (uint64)@by["python3"] == (uint64)@all);
	clear(@ours); clear(@of); clear(@by); clear(@all); clear(@many); }'
cat out
