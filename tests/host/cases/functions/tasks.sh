# Names and numbers of parents, leaders and others: of a shell that runs a child.
cat >out.bt <<'END'
tracepoint:sched:sched_process_exec /comm == "true"/ {
	printf("parent %d %s %s\n", ppid == cpid, pcomm, comm(ppid));
	printf("leader %s %s %d\n", leader_comm, leader_comm(), leader_tid == pid);
	printf("self %s %s [%s] [%s]\n", comm(pid), comm, comm(4194303), comm(-1));
	printf("init %d %d\n", comm(1) == str($1, 16), comm(1) != "");
}
END
echo '/bin/true; exit 0' >run.sh
skep -q -c "/bin/sh run.sh" out.bt "$(cat /proc/1/comm)" 2>&1 | grep . >out
cat >want <<'END'
parent 1 sh sh
leader true true 1
self true true [] []
init 1 1
END
diff out want
