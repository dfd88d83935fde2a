/* interval and profile: one timerfd for the next of them that is due. A timer that fell behind runs
 * once, not once for each period it missed, as the kernel's do. */
#include "engine/user/user.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

uint64_t user_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t user_period_ns(const struct image_attach *at)
{
	if (at->is_frequency)
		return at->period ? 1000000000u / at->period : 0;
	return at->period;
}

static void arm(struct engine *e)
{
	struct itimerspec when = {0};
	uint64_t next = UINT64_MAX;

	vec_each (t, &e->timers)
		if (t->next_ns < next)
			next = t->next_ns;
	if (next == UINT64_MAX)
		return;
	when.it_value.tv_sec = (time_t)(next / 1000000000u);
	when.it_value.tv_nsec = (long)(next % 1000000000u);
	timerfd_settime(e->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

int user_clock_open(struct engine *e)
{
	struct epoll_event ev = {.events = EPOLLIN};
	uint64_t now = user_now_ns();

	e->wait_fd = epoll_create1(EPOLL_CLOEXEC);
	e->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (e->wait_fd < 0 || e->timer_fd < 0)
		return -errno;
	ev.data.fd = e->timer_fd;
	if (epoll_ctl(e->wait_fd, EPOLL_CTL_ADD, e->timer_fd, &ev))
		return -errno;
	vec_each (t, &e->timers)
		t->next_ns = now + t->period_ns;
	arm(e);
	return 0;
}

void user_clock_close(struct engine *e)
{
	if (e->timer_fd >= 0)
		close(e->timer_fd);
	if (e->wait_fd >= 0)
		close(e->wait_fd);
	e->timer_fd = e->wait_fd = -1;
}

void user_clock_run(struct engine *e)
{
	struct {
		uint64_t regs[21 + 2]; /* struct bpf_perf_event_data: registers, period, address */
	} context = {0};
	uint64_t now, fired;

	if (!e->timers.n)
		return;
	if (read(e->timer_fd, &fired, sizeof(fired)) != sizeof(fired))
		return;
	now = user_now_ns();
	vec_each (t, &e->timers) {
		if (t->next_ns > now)
			continue;
		t->next_ns += t->period_ns;
		if (t->next_ns <= now)
			t->next_ns = now + t->period_ns;
		e->task = NULL;
		if (t->looks_at_tasks)
			user_sampler_look(e, t->hook);
		else
			user_run(e, t->hook, &context, sizeof(context));
	}
	arm(e);
}
