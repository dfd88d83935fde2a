/* Known work for tools to watch: `work WHAT [ARGUMENT...]` does one thing a known number of times,
 * with known sizes, so that a test can say which numbers a tool has to print. Says nothing unless
 * it fails. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char **args;
static int n_args;

static long arg(int i)
{
	return i < n_args ? strtol(args[i], NULL, 0) : 0;
}

static const char *text(int i)
{
	return i < n_args ? args[i] : "";
}

static int check(long result, const char *what)
{
	if (result < 0) {
		perror(what);
		exit(1);
	}
	return (int)result;
}

static void sleep_ms(long ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* open PATH N: succeeds or fails, as the path has it. */
static void do_open(void)
{
	for (long i = 0; i < arg(1); i++) {
		int fd = open(text(0), O_RDONLY);

		if (fd >= 0)
			close(fd);
	}
}

/* stat PATH N */
static void do_stat(void)
{
	struct stat st;

	for (long i = 0; i < arg(1); i++)
		(void)!stat(text(0), &st);
}

/* read PATH BYTES N, write PATH BYTES N [SYNC] */
static void do_read(void)
{
	char *bytes = calloc(1, (size_t)arg(1));
	int fd = check(open(text(0), O_RDONLY), text(0));

	for (long i = 0; i < arg(2); i++)
		check(pread(fd, bytes, (size_t)arg(1), 0), "pread");
}

static void do_write(void)
{
	char *bytes = calloc(1, (size_t)arg(1));
	int fd = check(open(text(0), O_WRONLY | O_CREAT, 0644), text(0));

	for (long i = 0; i < arg(2); i++) {
		check(write(fd, bytes, (size_t)arg(1)), "write");
		if (arg(3))
			check(fsync(fd), "fsync");
	}
}

/* direct PATH BYTES N [PROCESSES]: reads past the page cache, by so many at the same time */
static void do_direct(void)
{
	void *bytes = aligned_alloc(4096, (size_t)arg(1));
	int fd = check(open(text(0), O_RDONLY | O_DIRECT), text(0));

	for (long i = 1; i < arg(3) && check(fork(), "fork"); i++)
		;
	for (long i = 0; i < arg(2); i++)
		check(pread(fd, bytes, (size_t)arg(1), i * arg(1)), "pread");
	while (wait(NULL) > 0)
		;
}

/* life PATH MS: a file that lives so long. */
static void do_life(void)
{
	close(check(open(text(0), O_WRONLY | O_CREAT, 0644), text(0)));
	sleep_ms(arg(1));
	check(unlink(text(0)), "unlink");
}

/* churn DIRECTORY N: four processes at once make and remove files there, N each */
static void do_churn(void)
{
	for (int i = 0; i < 4; i++) {
		char name[32];

		if (check(fork(), "fork"))
			continue;
		check(chdir(text(0)), text(0));
		snprintf(name, sizeof(name), "%d", i);
		for (long k = 0; k < arg(1); k++) {
			close(check(open(name, O_WRONLY | O_CREAT, 0644), name));
			check(unlink(name), "unlink");
		}
		_exit(0);
	}
	while (wait(NULL) > 0)
		;
}

/* sync N */
static void do_sync(void)
{
	for (long i = 0; i < arg(0); i++)
		sync();
}

/* mount DIRECTORY: a tmpfs, in the old way and in the new one, and off again */
static void do_mount(void)
{
	int fs, fd;

	check(mount("a \"b\"", text(0), "tmpfs", MS_NOSUID | MS_NOATIME, "size=64k"), "mount");
	check(umount2(text(0), MNT_DETACH), "umount");
	fs = check(fsopen("tmpfs", FSOPEN_CLOEXEC), "fsopen");
	check(fsconfig(fs, FSCONFIG_SET_STRING, "size", "1M", 0), "fsconfig");
	check(fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0), "fsconfig");
	fd = check(fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NODEV | MOUNT_ATTR_NOATIME), "fsmount");
	check(move_mount(fd, "", AT_FDCWD, text(0), MOVE_MOUNT_F_EMPTY_PATH), "move_mount");
	close(fd);
	check(umount2(text(0), 0), "umount");
}

/* fork N STATUS: children that end with it at once; exec N PATH ARGUMENT...: that are a program. */
static void do_fork(void)
{
	for (long i = 0; i < arg(0); i++) {
		pid_t pid = check(fork(), "fork");

		if (!pid)
			_exit((int)arg(1));
		waitpid(pid, NULL, 0);
	}
}

static void do_exec(void)
{
	for (long i = 0; i < arg(0); i++) {
		pid_t pid = check(fork(), "fork");

		if (!pid) {
			execv(text(1), args + 1);
			_exit(127);
		}
		waitpid(pid, NULL, 0);
	}
}

static void *thread_nap(void *unused)
{
	sleep_ms(1);
	return unused;
}

/* threads N, one after the other */
static void do_threads(void)
{
	for (long i = 0; i < arg(0); i++) {
		pthread_t t;

		check(-pthread_create(&t, NULL, thread_nap, NULL), "pthread_create");
		pthread_join(t, NULL);
	}
}

/* kill SIGNAL N: to itself, ignored */
static void do_kill(void)
{
	signal((int)arg(0), SIG_IGN);
	for (long i = 0; i < arg(1); i++)
		check(kill(getpid(), (int)arg(0)), "kill");
}

/* tgkill SIGNAL N: the same, to its first thread */
static void do_tgkill(void)
{
	signal((int)arg(0), SIG_IGN);
	for (long i = 0; i < arg(1); i++)
		check(tgkill(getpid(), getpid(), (int)arg(0)), "tgkill");
}

/* sleep MS N, burn MS (of its own CPU time) */
static void do_sleep(void)
{
	for (long i = 0; i < arg(1); i++)
		sleep_ms(arg(0));
}

static void do_burn(void)
{
	struct timespec t;

	do {
		for (volatile int i = 0; i < 100000; i++)
			;
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	} while (t.tv_sec * 1000 + t.tv_nsec / 1000000 < arg(0));
}

/* spin MS N: N processes that want the CPU for so long */
static void do_spin(void)
{
	long end = now_ms() + arg(0);

	for (long i = 0; i < arg(1); i++) {
		if (check(fork(), "fork"))
			continue;
		while (now_ms() < end)
			;
		_exit(0);
	}
	while (wait(NULL) > 0)
		;
}

/* pingpong N: two processes wake each other by pipes */
static void do_pingpong(void)
{
	int there[2], back[2];
	char c = 0;
	bool is_child;

	check(pipe(there), "pipe");
	check(pipe(back), "pipe");
	is_child = !check(fork(), "fork");
	for (long i = 0; i < arg(0); i++) {
		if (is_child) {
			check(read(there[0], &c, 1), "read");
			check(write(back[1], &c, 1), "write");
		} else {
			check(write(there[1], &c, 1), "write");
			check(read(back[0], &c, 1), "read");
		}
	}
	if (is_child)
		_exit(0);
	wait(NULL);
}

/* touch PAGES: as many first writes to fresh memory */
static void do_touch(void)
{
	size_t size_b = (size_t)arg(0) * 4096;
	char *p = mmap(NULL, size_b, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	madvise(p, size_b, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < size_b; i += 4096)
		p[i] = 1;
}

/* mmap BYTES N, brk BYTES N */
static void do_mmap(void)
{
	for (long i = 0; i < arg(1); i++) {
		void *p = mmap(NULL, (size_t)arg(0), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		munmap(p, (size_t)arg(0));
	}
}

static void do_brk(void)
{
	for (long i = 0; i < arg(1); i++)
		(void)!sbrk(arg(0));
}

/* malloc BYTES N FREED: allocations, so many of which are given back */
static void *volatile kept;

__attribute__((noinline)) static void *keep_memory(size_t size_b)
{
	return malloc(size_b);
}

static void do_malloc(void)
{
	for (long i = 0; i < arg(1); i++) {
		kept = keep_memory((size_t)arg(0));
		if (i < arg(2))
			free(kept);
	}
}

/* lock MS N: a mutex held so long while another thread wants it, N times */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t both;

static void *thread_lock(void *unused)
{
	for (long i = 0; i < arg(1); i++) {
		pthread_barrier_wait(&both);
		pthread_mutex_lock(&mutex);
		pthread_mutex_unlock(&mutex);
		pthread_barrier_wait(&both);
	}
	return unused;
}

static void do_lock(void)
{
	pthread_t t;

	pthread_barrier_init(&both, NULL, 2);
	check(-pthread_create(&t, NULL, thread_lock, NULL), "pthread_create");
	for (long i = 0; i < arg(1); i++) {
		pthread_mutex_lock(&mutex);
		pthread_barrier_wait(&both);
		sleep_ms(arg(0));
		pthread_mutex_unlock(&mutex);
		pthread_barrier_wait(&both);
	}
	pthread_join(t, NULL);
}

static struct sockaddr_in loopback(long port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
	                            .sin_port = htons((uint16_t)port),
	                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* version: 6, or else IPv4 */
static struct sockaddr_in6 loopback_of(long port, long version)
{
	union {
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} at = {.v6 = {.sin6_family = AF_INET6,
	               .sin6_port = htons((uint16_t)port),
	               .sin6_addr = IN6ADDR_LOOPBACK_INIT}};

	if (version != 6)
		at.v4 = loopback(port);
	return at.v6;
}

static int client_of(long version, long port)
{
	struct sockaddr_in6 from = loopback_of(port, version);
	int fd = check(socket(from.sin6_family, SOCK_STREAM, 0), "socket"), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (port)
		check(bind(fd, (void *)&from, sizeof(from)), "bind");
	return fd;
}

static int listener_at(const struct sockaddr_in6 *at)
{
	int fd = check(socket(at->sin6_family, SOCK_STREAM, 0), "socket"), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	check(bind(fd, (const void *)at, sizeof(*at)), "bind");
	check(listen(fd, 8), "listen");
	return fd;
}

/* tcp PORT BYTES N [VERSION [FROM]]: as many connections over the loopback, from that port, each
 * sends so much and gets as much back */
static void echo_one(int listener, size_t size_b)
{
	char *bytes = calloc(1, size_b);
	int fd = check(accept(listener, NULL, NULL), "accept");

	check(recv(fd, bytes, size_b, MSG_WAITALL), "recv");
	check(send(fd, bytes, size_b, 0), "send");
	(void)!recv(fd, bytes, 1, 0); /* the client closes first */
	close(fd);
	free(bytes);
}

static void do_tcp(void)
{
	struct sockaddr_in6 at = loopback_of(arg(0), arg(3));
	int listener = listener_at(&at);
	size_t size_b = (size_t)arg(1);
	char *bytes = calloc(1, size_b);

	if (!check(fork(), "fork")) {
		for (long i = 0; i < arg(2); i++)
			echo_one(listener, size_b);
		_exit(0);
	}
	for (long i = 0; i < arg(2); i++) {
		int fd = client_of(arg(3), arg(4));

		check(connect(fd, (void *)&at, sizeof(at)), "connect");
		check(send(fd, bytes, size_b, 0), "send");
		check(recv(fd, bytes, size_b, MSG_WAITALL), "recv");
		close(fd);
	}
	wait(NULL);
}

/* refused PORT N [VERSION [FROM]]: connections that nobody takes */
static void do_refused(void)
{
	struct sockaddr_in6 at = loopback_of(arg(0), arg(2));

	for (long i = 0; i < arg(1); i++) {
		int fd = client_of(arg(2), arg(3));

		(void)!connect(fd, (void *)&at, sizeof(at));
		close(fd);
	}
}

/* vanish PORT BYTES N [VERSION [FROM]]: a connection whose other end receives nothing any more, so
 * that what is sent is sent again, N times at least */
static void do_vanish(void)
{
	struct sockaddr_in6 at = loopback_of(arg(0), arg(3));
	struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog filter = {1, &nothing};
	struct linger abort = {1, 0};
	int listener = listener_at(&at), client = client_of(arg(3), arg(4)), server;
	char *bytes = calloc(1, (size_t)arg(1));
	struct tcp_info info = {0};
	socklen_t n = sizeof(info);

	check(connect(client, (void *)&at, sizeof(at)), "connect");
	server = check(accept(listener, NULL, NULL), "accept");
	check(setsockopt(server, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)), "filter");
	check(send(client, bytes, (size_t)arg(1), 0), "send");
	while (info.tcpi_total_retrans < arg(2)) {
		sleep_ms(20);
		check(getsockopt(client, IPPROTO_TCP, TCP_INFO, &info, &n), "TCP_INFO");
	}
	setsockopt(client, SOL_SOCKET, SO_LINGER, &abort, sizeof(abort));
	setsockopt(server, SOL_SOCKET, SO_LINGER, &abort, sizeof(abort));
	close(server);
	close(client);
}

/* udp PORT BYTES N */
static void do_udp(void)
{
	struct sockaddr_in at = loopback(arg(0));
	int to = check(socket(AF_INET, SOCK_DGRAM, 0), "socket");
	int from = check(socket(AF_INET, SOCK_DGRAM, 0), "socket");
	char *bytes = calloc(1, (size_t)arg(1));

	check(bind(to, (void *)&at, sizeof(at)), "bind");
	check(connect(from, (void *)&at, sizeof(at)), "connect");
	for (long i = 0; i < arg(2); i++) {
		check(send(from, bytes, (size_t)arg(1), 0), "send");
		check(recv(to, bytes, (size_t)arg(1), 0), "recv");
	}
}

/* lost PORT N: datagrams to a port where nobody listens */
static void do_lost(void)
{
	struct sockaddr_in at = loopback(arg(0));
	int fd = check(socket(AF_INET, SOCK_DGRAM, 0), "socket");

	for (long i = 0; i < arg(1); i++)
		check(sendto(fd, "x", 1, 0, (void *)&at, sizeof(at)), "sendto");
}

/* datagrams PATH N: prints so many that come to a socket there */
static void do_datagrams(void)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = check(socket(AF_UNIX, SOCK_DGRAM, 0), "socket");
	char bytes[4096];

	strncpy(at.sun_path, text(0), sizeof(at.sun_path) - 1);
	check(bind(fd, (void *)&at, sizeof(at)), "bind");
	for (long i = 0; i < arg(1); i++) {
		ssize_t n = check(recv(fd, bytes, sizeof(bytes), 0), "recv");

		(void)!write(1, bytes, (size_t)n);
	}
}

/* resolve HOST N: asks for its address */
static void do_resolve(void)
{
	for (long i = 0; i < arg(1); i++) {
		struct addrinfo *found;

		if (!getaddrinfo(text(0), NULL, NULL, &found))
			freeaddrinfo(found);
	}
}

/* setuid UID */
static void do_setuid(void)
{
	check(setuid((uid_t)arg(0)), "setuid");
}

struct pair {
	int first;
	unsigned char second;
};

long called(int i, const char *name, struct pair *pair);
long __attribute__((noipa)) called(int i, const char *name, struct pair *pair)
{
	return i * 100 + pair->second - (*name == 'e');
}

/* call N: called(i, "even" or "odd", {-i, 7}) for i from 0 to N - 1 */
static void do_call(void)
{
	for (int i = 0; i < arg(0); i++) {
		struct pair pair = {-i, 7};

		called(i, i % 2 ? "odd" : "even", &pair);
	}
}

static const struct {
	const char *name;
	void (*run)(void);
} kinds[] = {
    {"open", do_open},
    {"stat", do_stat},
    {"read", do_read},
    {"write", do_write},
    {"direct", do_direct},
    {"life", do_life},
    {"churn", do_churn},
    {"sync", do_sync},
    {"fork", do_fork},
    {"exec", do_exec},
    {"threads", do_threads},
    {"kill", do_kill},
    {"sleep", do_sleep},
    {"burn", do_burn},
    {"spin", do_spin},
    {"pingpong", do_pingpong},
    {"touch", do_touch},
    {"mmap", do_mmap},
    {"brk", do_brk},
    {"malloc", do_malloc},
    {"lock", do_lock},
    {"tcp", do_tcp},
    {"refused", do_refused},
    {"udp", do_udp},
    {"lost", do_lost},
    {"resolve", do_resolve},
    {"setuid", do_setuid},
    {"tgkill", do_tgkill},
    {"vanish", do_vanish},
    {"mount", do_mount},
    {"datagrams", do_datagrams},
    {"call", do_call},
};

/* as UID WHAT...: the same, as this user */
int main(int argc, char **argv)
{
	if (argc > 3 && !strcmp(argv[1], "as")) {
		check(setuid((uid_t)strtol(argv[2], NULL, 0)), "setuid");
		argv += 2;
		argc -= 2;
	}
	for (size_t i = 0; argc > 1 && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(argv[1], kinds[i].name))
			continue;
		args = argv + 2;
		n_args = argc - 2;
		kinds[i].run();
		return 0;
	}
	fprintf(stderr, "work: unknown work\n");
	return 2;
}
