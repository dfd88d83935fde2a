/* workload NAME [ARG]: programs whose behaviour a tracer could disturb. Each prints what it saw,
 * the same each time; tests/user/run compares a traced run with an untraced one. */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHECK(x)                                                                                   \
	do {                                                                                       \
		if (!(x)) {                                                                        \
			printf("line %d: %s: %s\n", __LINE__, #x, strerror(errno));                \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

static volatile sig_atomic_t n_signals, last_code, last_value;
static volatile pid_t last_pid;

static void note(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)context;
	n_signals++;
	last_code = info->si_code;
	last_value = info->si_value.sival_int;
	last_pid = info->si_pid;
}

static void handle(int sig, int flags)
{
	struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO | flags};

	CHECK(!sigaction(sig, &action, NULL));
}

static void alarm_in(int ms)
{
	struct itimerval timer = {.it_value.tv_usec = ms * 1000};

	CHECK(!setitimer(ITIMER_REAL, &timer, NULL));
}

static void show_status(const char *what, int status)
{
	if (WIFEXITED(status))
		printf("%s: exit %d\n", what, WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		printf("%s: signal %d core %d\n", what, WTERMSIG(status), !!WCOREDUMP(status));
	else if (WIFSTOPPED(status))
		printf("%s: stopped %d\n", what, WSTOPSIG(status));
	else if (WIFCONTINUED(status))
		printf("%s: continued\n", what);
}

/* ---- signals -------------------------------------------------------------------------------- */

/* siginfo arrives as it was sent. */
static int run_siginfo(void)
{
	union sigval value = {.sival_int = 4711};
	pid_t child;
	int status;

	handle(SIGUSR1, 0);
	handle(SIGUSR2, 0);
	handle(SIGRTMIN + 3, 0);
	handle(SIGSEGV, 0);
	CHECK(!kill(getpid(), SIGUSR1));
	printf("kill: code %d from me %d\n", (int)last_code, last_pid == getpid());
	CHECK(!sigqueue(getpid(), SIGRTMIN + 3, value));
	printf("sigqueue: code %d value %d\n", (int)last_code, (int)last_value);
	CHECK(!raise(SIGUSR2));
	printf("raise: code %d\n", (int)last_code);
	child = fork();
	if (!child) {
		kill(getppid(), SIGUSR1);
		_exit(9);
	}
	CHECK(waitpid(child, &status, 0) == child || errno == EINTR);
	while (waitpid(child, &status, 0) != child && errno == EINTR)
		;
	printf("from child: %d, %d signals\n", last_pid == child, (int)n_signals);
	return 0;
}

static sigjmp_buf after_fault;
static void *fault_address;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	(void)context;
	printf("signal %d code %d at the address %d\n", sig, info->si_code,
	       info->si_addr == fault_address);
	siglongjmp(after_fault, 1);
}

static int run_faults(void)
{
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
	char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	sigaction(SIGSEGV, &action, NULL);
	fault_address = page + 5;
	if (!sigsetjmp(after_fault, 1))
		page[5] = 1;
	munmap(page, 4096);
	if (!sigsetjmp(after_fault, 1))
		page[5] = 1;
	return 0;
}

/* Calls that a handler interrupts: restarted with SA_RESTART, EINTR without; sleeping goes on. */
static int run_interrupts(void)
{
	struct timespec ts = {.tv_nsec = 120000000}, left, before, after;
	int fds[2], n, ep = epoll_create1(0);
	struct epoll_event event;
	char c;

	CHECK(!pipe(fds));
	handle(SIGALRM, 0);
	alarm_in(30);
	n = (int)read(fds[0], &c, 1);
	printf("read: %d %s\n", n, strerror(errno));
	alarm_in(30);
	n = nanosleep(&ts, &left);
	printf("nanosleep: %d %s, left over %d\n", n, strerror(errno), left.tv_nsec > 50000000);
	alarm_in(30);
	n = epoll_wait(ep, &event, 1, 500);
	printf("epoll_wait: %d %s\n", n, strerror(errno));
	alarm_in(30);
	n = poll(NULL, 0, 500);
	printf("poll: %d %s\n", n, strerror(errno));
	handle(SIGALRM, SA_RESTART);
	alarm_in(30);
	if (!fork()) {
		usleep(80000);
		_exit(write(fds[1], "x", 1) != 1);
	}
	n = (int)read(fds[0], &c, 1);
	printf("read again: %d %c, %d signals\n", n, c, (int)n_signals);
	while (wait(NULL) < 0 && errno == EINTR)
		;
	/* ignored signals interrupt nothing */
	signal(SIGALRM, SIG_IGN);
	alarm_in(20);
	clock_gettime(CLOCK_MONOTONIC, &before);
	n = nanosleep(&ts, NULL);
	clock_gettime(CLOCK_MONOTONIC, &after);
	printf("ignored: %d, slept %d\n", n,
	       (after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec >=
	           120000000);
	return 0;
}

/* A flood of signals without SA_RESTART: calls that never block never end with EINTR. */
static int run_flood(void)
{
	const struct itimerval soon = {.it_value.tv_usec = 300};
	const struct itimerval never = {.it_value.tv_usec = 0};
	int n_interrupted = 0, n_asked = 0;

	handle(SIGALRM, 0);
	for (int i = 0; i < 20000; i++) {
		int fd;

		/* As in run_probed(): never faster than this loop can go. */
		if (n_signals == n_asked && n_asked < 2000) {
			n_asked++;
			setitimer(ITIMER_REAL, &soon, NULL);
		}
		n_interrupted += syscall(SYS_getppid) < 0;
		if (i % 8)
			continue;
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			n_interrupted++;
		else
			close(fd);
	}
	setitimer(ITIMER_REAL, &never, NULL);
	printf("interrupted %d, signalled %d\n", n_interrupted, n_signals > 0);
	return 0;
}

/* A parent that watches its child being stopped and continued sees that, and nothing else. */
static int run_jobs(void)
{
	static const int stops[] = {SIGSTOP, SIGTSTP, SIGTTIN};
	int status;
	pid_t child = fork(), got;

	if (!child) {
		setpgid(0, 0);
		for (;;)
			usleep(1000);
	}
	setpgid(child, child);
	for (int i = 0; i < 3; i++) {
		usleep(10000);
		CHECK(waitpid(child, &status, WUNTRACED | WCONTINUED | WNOHANG) == 0);
		kill(child, stops[i]);
		CHECK(waitpid(child, &status, WUNTRACED) == child);
		show_status("child", status);
		usleep(10000);
		CHECK(waitpid(child, &status, WUNTRACED | WCONTINUED | WNOHANG) == 0);
		kill(child, SIGCONT);
		CHECK(waitpid(child, &status, WCONTINUED) == child);
		show_status("child", status);
	}
	kill(child, SIGSTOP);
	CHECK(waitpid(child, &status, WUNTRACED) == child);
	kill(child, SIGKILL);
	got = waitpid(child, &status, 0);
	CHECK(got == child);
	show_status("child", status);
	return 0;
}

/* Stops itself; the parent continues it. */
static int run_selfstop(void)
{
	int status;
	pid_t child = fork();

	if (!child) {
		raise(SIGSTOP);
		printf("on again\n");
		fflush(stdout);
		raise(SIGTSTP);
		_exit(4);
	}
	for (int i = 0; i < 2; i++) {
		CHECK(waitpid(child, &status, WUNTRACED) == child);
		show_status("child", status);
		kill(child, SIGCONT);
	}
	CHECK(waitpid(child, &status, 0) == child);
	show_status("child", status);
	return 0;
}

/* How children end, as their parent sees it; and SIGCHLD's own words. */
static int run_ends(void)
{
	static const int signals[] = {SIGKILL, SIGTERM, SIGSEGV, SIGABRT, SIGPIPE, SIGTRAP};
	struct rlimit none = {0, 0};
	int status;

	setrlimit(RLIMIT_CORE, &none);
	handle(SIGCHLD, SA_RESTART);
	for (int i = 0; i < 6; i++) {
		pid_t child = fork();

		if (!child) {
			raise(signals[i]);
			_exit(1);
		}
		CHECK(waitpid(child, &status, 0) == child);
		show_status("child", status);
		printf("SIGCHLD: code %d\n", (int)last_code);
	}
	printf("%d\n", (int)n_signals);
	return 0;
}

/* ---- processes ------------------------------------------------------------------------------ */

static int run_vfork(void)
{
	for (int i = 0; i < 5; i++) {
		volatile int shared = 0;
		int status;
		pid_t child = vfork();

		if (!child) {
			shared = 7;
			execl("/bin/sh", "sh", "-c", "exit 6", (char *)NULL);
			_exit(1);
		}
		CHECK(waitpid(child, &status, 0) == child);
		show_status("child", status);
		printf("shared %d\n", shared);
	}
	return 0;
}

static int in_clone(void *arg)
{
	*(volatile int *)arg = 5;
	return 8;
}

/* A process that shares its parent's memory but is no thread of it. */
static int run_clone_vm(void)
{
	static const int signals[] = {SIGCHLD, SIGUSR1, 0};
	char *stack = malloc(65536);
	volatile int shared;

	signal(SIGUSR1, SIG_IGN);
	for (int i = 0; i < 3; i++) {
		int status;
		pid_t child;

		shared = 0;
		child = clone(in_clone, stack + 65536, CLONE_VM | CLONE_FILES | signals[i],
		              (void *)&shared);
		CHECK(child > 0);
		CHECK(waitpid(child, &status, __WALL) == child);
		show_status("clone", status);
		printf("shared %d\n", shared);
	}
	return 0;
}

static void *exec_here(void *arg)
{
	execl("/proc/self/exe", "workload", "args", arg, (char *)NULL);
	return NULL;
}

static void *spin(void *arg)
{
	for (;;)
		syscall(SYS_getppid);
	return arg;
}

/* exec in a thread that is not the first: the others are gone, the number stays. */
static int run_thread_exec(void)
{
	char pid[16];
	pthread_t t;

	snprintf(pid, sizeof(pid), "%d", getpid());
	for (int i = 0; i < 3; i++)
		CHECK(!pthread_create(&t, NULL, spin, NULL));
	usleep(5000);
	CHECK(!pthread_create(&t, NULL, exec_here, pid));
	pthread_join(t, NULL);
	return 1;
}

/* The first thread ends before the others. */
static void *outlive(void *arg)
{
	usleep(20000);
	printf("still here\n");
	fflush(stdout);
	(void)arg;
	exit(11);
}

static int run_leader_ends(void)
{
	pthread_t t;

	CHECK(!pthread_create(&t, NULL, outlive, NULL));
	pthread_exit(NULL);
}

static void *count_up(void *arg)
{
	for (int i = 0; i < 2000; i++) {
		__atomic_fetch_add((long *)arg, 1, __ATOMIC_RELAXED);
		syscall(SYS_getppid);
		if (i % 100 == 0)
			sched_yield();
	}
	return NULL;
}

static int run_threads(void)
{
	long n = 0;

	for (int round = 0; round < 5; round++) {
		pthread_t t[8];

		for (int i = 0; i < 8; i++)
			CHECK(!pthread_create(&t[i], NULL, count_up, &n));
		for (int i = 0; i < 8; i++)
			CHECK(!pthread_join(t[i], NULL));
	}
	printf("%ld\n", n);
	return 0;
}

static int run_forks(void)
{
	int sum = 0, status;

	for (int i = 0; i < 60; i++)
		if (!fork())
			_exit(fork() ? (wait(&status), WEXITSTATUS(status) + 1) : i % 7);
	while (wait(&status) > 0)
		sum += WEXITSTATUS(status);
	printf("%d\n", sum);
	return 0;
}

static int run_groups(void)
{
	printf("ids %d %d %d %d\n", (int)getuid(), (int)geteuid(), (int)getgid(), (int)getegid());
	return 0;
}

/* ---- server and client ---------------------------------------------------------------------- */

static void *serve(void *arg)
{
	int fd = (int)(intptr_t)arg;
	char buf[64];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		for (ssize_t i = 0; i < n; i++) {
			buf[i] = (char)(buf[i] + 1);
			if (write(fd, &buf[i], 1) != 1)
				break;
		}
	close(fd);
	return NULL;
}

static void *accept_all(void *arg)
{
	int listener = (int)(intptr_t)arg;

	for (int i = 0; i < 8; i++) {
		pthread_t t;
		int fd = accept(listener, NULL, NULL);

		if (fd >= 0 && !pthread_create(&t, NULL, serve, (void *)(intptr_t)fd))
			pthread_detach(t);
	}
	return NULL;
}

static void *ask(void *arg)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	long sum = 0;

	CHECK(!connect(fd, arg, sizeof(struct sockaddr_in)));
	for (int i = 0; i < 50; i++) {
		char c = (char)('a' + i % 20);

		CHECK(write(fd, &c, 1) == 1 && read(fd, &c, 1) == 1);
		sum += c;
	}
	close(fd);
	return (void *)sum;
}

static int run_server(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	socklen_t len = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	pthread_t server, clients[8];
	long sum = 0;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK(!bind(listener, (void *)&at, sizeof(at)) && !listen(listener, 8));
	CHECK(!getsockname(listener, (void *)&at, &len));
	CHECK(!pthread_create(&server, NULL, accept_all, (void *)(intptr_t)listener));
	for (int i = 0; i < 8; i++)
		CHECK(!pthread_create(&clients[i], NULL, ask, &at));
	for (int i = 0; i < 8; i++) {
		void *got;

		CHECK(!pthread_join(clients[i], &got));
		sum += (long)got;
	}
	printf("%ld\n", sum);
	return 0;
}

/* ---- for a tracer that goes away ------------------------------------------------------------ */

/* Functions for breakpoints: the test finds them by name. */
__attribute__((noinline, noclone)) int probe_me(int a)
{
	__asm__ volatile("" ::: "memory");
	return a + 1;
}

static double scale = 1.5;

/* Begins with an instruction that has to run as a copy, relative to the instruction pointer. */
__attribute__((noinline, noclone)) double probe_scale(double x)
{
	return x * scale;
}

/* A flood of signals, many of which come while a probed instruction is gone over. Each is asked for
 * by the loop: on a machine where the traced handler takes longer than the timer, a periodic one
 * would leave the loop no time at all. */
static int run_probed(void)
{
	const struct itimerval soon = {.it_value.tv_usec = 200};
	const struct itimerval never = {.it_value.tv_usec = 0};
	int n_asked = 0;
	double sum = 0;

	handle(SIGALRM, 0);
	for (int i = 0; i < 20000; i++) {
		if (n_signals == n_asked && n_asked < 2000) {
			n_asked++;
			setitimer(ITIMER_REAL, &soon, NULL);
		}
		sum += probe_scale(i);
	}
	setitimer(ITIMER_REAL, &never, NULL);
	printf("%.1f\n", sum);
	return 0;
}

static void *endure_thread(void *arg)
{
	const long ms = *(long *)arg;
	struct timespec start, now;
	long n_bad = 0;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

		n_bad += fd < 0 || close(fd);
		n_bad += syscall(SYS_getppid) < 0;
		n_bad += probe_me(4) != 5;
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < ms);
	return (void *)n_bad;
}

static int run_endure(long ms)
{
	pthread_t t[2];
	long n_bad = 0;
	int status = 0;

	for (int i = 0; i < 2; i++)
		CHECK(!pthread_create(&t[i], NULL, endure_thread, &ms));
	for (int i = 0; i < 2; i++) {
		void *bad;

		CHECK(!pthread_join(t[i], &bad));
		n_bad += (long)bad;
	}
	/* and new processes */
	if (!fork())
		execl("/proc/self/exe", "workload", "groups", (char *)NULL);
	CHECK(wait(&status) > 0);
	printf("endured, %ld calls failed\n", n_bad);
	return n_bad ? 1 : 21;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} workloads[] = {
	    {"siginfo", run_siginfo},
	    {"faults", run_faults},
	    {"interrupts", run_interrupts},
	    {"flood", run_flood},
	    {"jobs", run_jobs},
	    {"selfstop", run_selfstop},
	    {"ends", run_ends},
	    {"vfork", run_vfork},
	    {"clone-vm", run_clone_vm},
	    {"thread-exec", run_thread_exec},
	    {"leader-ends", run_leader_ends},
	    {"threads", run_threads},
	    {"forks", run_forks},
	    {"groups", run_groups},
	    {"server", run_server},
	    {"probed", run_probed},
	};

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 2 && !strcmp(argv[1], "endure"))
		return run_endure(atol(argv[2]));
	if (argc > 2 && !strcmp(argv[1], "args")) {
		printf("the same process: %d\n", atoi(argv[2]) == getpid());
		return 12;
	}
	if (argc > 2 && !strcmp(argv[1], "die")) {
		signal(atoi(argv[2]), SIG_DFL);
		raise(atoi(argv[2]));
	}
	for (size_t i = 0; argc > 1 && i < sizeof(workloads) / sizeof(*workloads); i++)
		if (!strcmp(argv[1], workloads[i].name))
			return workloads[i].run();
	return 2;
}
