# trace and argdist: the same rows and reports from both engines.
run() { # TOOL OPTIONS...
	printf -- '--- %s\n' "$*"
	skep -q --no-warnings -c 'work call 6' "$@" 2>&1 | sed 's/^[0-9][0-9]*  *[0-9][0-9]*  */PID TID /; /^\[..:..:..\]$/d'
}
run trace 'work:called(int i, const char *name, struct pair *p) (i >= 2 && p->second == 7) "%d%% %s %d %c", i, name, p->first, name[0]' \
	'r:work:called (retval > 300) "%ld", retval'
run trace -M 2 'work:called (STRCMP("odd", arg2)) "%hd %s", arg1, arg2' --csv | sed 's/^[0-9]*,[0-9]*,//'
run trace -A -M 9 't:syscalls:sys_enter_exit_group (STRCMP("work", $COMM)) "%d %s", args->error_code, $COMM' | sed 's/PID TID //'
run argdist -C 'p:work:called(int i, const char *name):int,char*:i % 3,name:i < 10' \
	-H 'p:work:called(int i):int:i' -C 'r:work:called(char *, char *name):char*:$entry(name):$latency > 0#names' -T 3
run argdist --json -C 'r:work:called' -C 'p:work:called()'
