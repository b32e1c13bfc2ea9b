/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PID 1 of a throwaway VM: mounts what programs expect, loads the modules asked for,
 * then carries out the controller's commands (target/channel.h) until the machine is
 * thrown away. It holds nothing that is worth keeping.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/module.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "target/channel.h"
#include "target/guest/paths.h"

enum {
	MAX_JOBS = 16,
	MAX_WORDS = 256,
	POLL_MS = 8,
};

/* A program that runs. Pipes close before or after it ends, in any order. */
struct job {
	uint32_t id;
	pid_t pid; /* 0: this place is free */
	int in, out, err;
	int status;
	bool ended;
};

struct init {
	struct channel channel;
	char area[160]; /* BOOKEND_AREA=… */
	struct job jobs[MAX_JOBS];
	uint8_t frame[CHANNEL_FRAME_LIMIT + 1];
};

static const struct {
	const char *type, *path, *options;
} mounts[] = {
	{ "proc", "/proc", NULL },
	{ "sysfs", "/sys", NULL },
	{ "devtmpfs", "/dev", NULL },
	{ "devpts", "/dev/pts", "ptmxmode=666" },
	{ "tmpfs", "/dev/shm", NULL },
	{ "debugfs", "/sys/kernel/debug", NULL },
	{ "tracefs", "/sys/kernel/tracing", NULL },
	{ "bpf", "/sys/fs/bpf", NULL },
	{ "configfs", "/sys/kernel/config", NULL },
};

static const struct {
	const char *path, *text;
} settings[] = {
	/* warnings and worse reach the console; an oops prints everything anyway */
	{ "/proc/sys/kernel/printk", "5" },
	/* the console is the second channel: no message of ours may be dropped */
	{ "/proc/sys/kernel/printk_devkmsg", "on\n" },
	{ "/proc/sys/kernel/kptr_restrict", "0" },
	{ "/proc/sys/kernel/hostname", "bookend" },
	/* an emulated CPU on a loaded machine may well lose ten seconds */
	{ "/proc/sys/kernel/watchdog_thresh", "40" },
	{ "/proc/sys/kernel/core_pattern", "/tmp/core.%p" },
};

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
	char line[512];
	va_list args;
	int n, fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

	va_start(args, format);
	n = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (fd >= 0) {
		if (write(fd, line, n) != n)
			n = 0;
		close(fd);
	}
}

/* Without a channel nobody can ask for anything: end, and the console says why. */
static void die(const char *why)
{
	say("<1>bookend-init: %s", why);
	sync();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

static void put_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	size_t length = strlen(text);

	if (fd < 0)
		return;
	if (write(fd, text, length) != (ssize_t)length)
		say("<4>bookend-init: cannot set %s: %s", path, strerror(errno));
	close(fd);
}

static void mount_all(void)
{
	/* in the root, which is memory: what was carried there stays to be seen */
	mkdir("/tmp", 01777);
	mkdir("/run", 0755);
	for (size_t i = 0; i < sizeof(mounts) / sizeof(*mounts); i++) {
		mkdir(mounts[i].path, 0755);
		mount(mounts[i].type, mounts[i].path, mounts[i].type, 0,
		      mounts[i].options);
	}
	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++)
		put_text(settings[i].path, settings[i].text);
}

static void raise_interface(const char *name, const char *address, const char *mask)
{
	struct ifreq request = { .ifr_flags = IFF_UP };
	struct sockaddr_in *in = (struct sockaddr_in *)(void *)&request.ifr_addr;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	ioctl(fd, SIOCSIFFLAGS, &request);
	in->sin_family = AF_INET;
	if (address && inet_pton(AF_INET, address, &in->sin_addr) == 1 &&
	    !ioctl(fd, SIOCSIFADDR, &request) &&
	    inet_pton(AF_INET, mask, &in->sin_addr) == 1)
		ioctl(fd, SIOCSIFNETMASK, &request);
	close(fd);
}

static bool text_is(const char *folder, const char *name, const char *text)
{
	char path[512], got[32] = "";
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (read(fd, got, sizeof(got) - 1) < 0)
		got[0] = 0;
	close(fd);
	return !strncmp(got, text, strlen(text));
}

/* Maps BAR 2 of the shared memory device (vendor 1af4, device 1110). */
static void open_channel(struct init *init)
{
	DIR *dir = opendir("/sys/bus/pci/devices");
	char folder[300] = "", path[320];
	struct dirent *entry;
	struct stat st;
	void *memory;
	int fd;

	while (dir && (entry = readdir(dir))) {
		snprintf(folder, sizeof(folder), "/sys/bus/pci/devices/%s",
			 entry->d_name);
		if (text_is(folder, "vendor", "0x1af4") &&
		    text_is(folder, "device", "0x1110"))
			break;
		folder[0] = 0;
	}
	if (dir)
		closedir(dir);
	if (!folder[0])
		die("there is no shared memory device");
	snprintf(path, sizeof(path), "%s/resource2", folder);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		die("the shared memory cannot be opened");
	memory = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED || !channel_open(memory, st.st_size, &init->channel))
		die("the shared memory is not what it should be");
	snprintf(init->area, sizeof(init->area), "BOOKEND_AREA=%.100s:%llu:%llu", path,
		 (unsigned long long)init->channel.header->area_offset,
		 (unsigned long long)init->channel.header->area_size);
}

static void beat(struct init *init)
{
	__atomic_add_fetch(&init->channel.header->heartbeat, 1, __ATOMIC_RELEASE);
}

/* Waits for room as long as it takes: a controller that is gone has killed us anyway. */
static void tell(struct init *init, uint32_t type, uint32_t id, const void *data,
		 size_t size)
{
	while (!channel_send(&init->channel.results, type, id, data, size)) {
		beat(init);
		usleep(1000);
	}
}

__attribute__((format(printf, 4, 5))) static void tell_text(struct init *init,
							    uint32_t type, uint32_t id,
							    const char *format, ...)
{
	char line[512];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	tell(init, type, id, line, n < (int)sizeof(line) ? n : (int)sizeof(line) - 1);
}

/* A module of the kernel may be compressed: then the kernel unpacks it. */
static int load_module(const char *path)
{
	const char *end = strrchr(path, '.');
	int flags = end && strcmp(end, ".ko") ? MODULE_INIT_COMPRESSED_FILE : 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC), code = errno;

	if (fd < 0)
		return code;
	code = syscall(SYS_finit_module, fd, "", flags) && errno != EEXIST ? errno : 0;
	close(fd);
	return code;
}

static void load_modules(struct init *init)
{
	FILE *list = fopen(GUEST_MODULE_LIST, "re");
	char path[512];

	while (list && fgets(path, sizeof(path), list)) {
		int code;

		path[strcspn(path, "\n")] = 0;
		code = load_module(path);
		if (code)
			tell_text(init, CHANNEL_NOTE, 0, "module %s: %s", path,
				  strerror(code));
	}
	if (list)
		fclose(list);
}

/* In the child, never returns. */
static void become(struct init *init, char **argv, char **environment, const int fds[3],
		   const char *terminal)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	if (terminal) {
		int fd = open(terminal, O_RDWR);

		ioctl(fd, TIOCSCTTY, 0);
		for (int i = 0; i < 3; i++)
			dup2(fd, i);
	} else {
		for (int i = 0; i < 3; i++)
			dup2(fds[i], i);
	}
	for (; *environment; environment++)
		putenv(*environment);
	putenv(init->area);
	execvp(argv[0], argv);
	fprintf(stderr, "cannot run %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static struct job *free_job(struct init *init)
{
	for (size_t i = 0; i < MAX_JOBS; i++)
		if (!init->jobs[i].pid)
			return &init->jobs[i];
	return NULL;
}

static void close_all(int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static void start_job(struct init *init, uint32_t id, char **argv, char **environment,
		      bool terminal)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, err[2] = { -1, -1 };
	struct job *job = free_job(init);
	char name[64] = "";
	pid_t pid;

	if (!job || (!terminal && (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) ||
				   pipe2(err, O_CLOEXEC)))) {
		tell_text(init, CHANNEL_FAILURE, id, "too many programs at once");
		close_all(in, 2);
		close_all(out, 2);
		close_all(err, 2);
		return;
	}
	if (terminal) {
		out[0] = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
		grantpt(out[0]);
		unlockpt(out[0]);
		ptsname_r(out[0], name, sizeof(name));
		in[1] = fcntl(out[0], F_DUPFD_CLOEXEC, 0);
	}
	pid = fork();
	if (!pid)
		become(init, argv, environment, (int[]){ in[0], out[1], err[1] },
		       terminal ? name : NULL);
	close_all((int[]){ in[0], out[1], err[1] }, 3);
	if (pid < 0) {
		tell_text(init, CHANNEL_FAILURE, id, "cannot fork: %s", strerror(errno));
		close_all((int[]){ in[1], out[0], err[0] }, 3);
		return;
	}
	fcntl(in[1], F_SETFL, O_NONBLOCK);
	*job = (struct job){ id, pid, in[1], out[0], err[0], 0, false };
}

static void run(struct init *init, const struct channel_frame *frame)
{
	char *words[MAX_WORDS + 2], *at = (char *)init->frame + 8;
	char *end = (char *)init->frame + frame->size;
	uint32_t flags, argc, count = 0;
	char *argv[MAX_WORDS + 1] = { NULL };

	if (frame->size < 8)
		return;
	memcpy(&flags, init->frame, 4);
	memcpy(&argc, init->frame + 4, 4);
	*end = 0;
	for (; at < end && count < MAX_WORDS; at += strlen(at) + 1)
		words[count++] = at;
	words[count] = NULL;
	if (!argc || argc > count) {
		tell_text(init, CHANNEL_FAILURE, frame->id, "no program to run");
		return;
	}
	memcpy(argv, words, argc * sizeof(*argv));
	start_job(init, frame->id, argv, words + argc, flags & CHANNEL_RUN_TERMINAL);
}

static struct job *job_of(struct init *init, uint32_t id)
{
	for (size_t i = 0; i < MAX_JOBS; i++)
		if (init->jobs[i].pid && init->jobs[i].id == id)
			return &init->jobs[i];
	return NULL;
}

static void feed(struct init *init, const struct channel_frame *frame)
{
	struct job *job = job_of(init, frame->id);

	if (!job || job->in < 0)
		return;
	if (frame->size && write(job->in, init->frame, frame->size) >= 0)
		return;
	if (frame->size && errno == EAGAIN)
		return;
	close(job->in);
	job->in = -1;
}

static void send_signal(struct init *init, const struct channel_frame *frame)
{
	struct job *job = job_of(init, frame->id);
	uint32_t number;

	if (!job || frame->size < 4)
		return;
	memcpy(&number, init->frame, 4);
	kill(-job->pid, (int)number);
}

static void send_file(struct init *init, const struct channel_frame *frame)
{
	char block[32768];
	ssize_t n;
	int fd;

	init->frame[frame->size] = 0;
	fd = open((char *)init->frame, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		tell_text(init, CHANNEL_FAILURE, frame->id, "cannot read %s: %s",
			  (char *)init->frame, strerror(errno));
		return;
	}
	while ((n = read(fd, block, sizeof(block))) > 0) {
		tell(init, CHANNEL_FILE, frame->id, block, n);
		beat(init);
	}
	if (n < 0)
		tell_text(init, CHANNEL_FAILURE, frame->id, "cannot read %s: %s",
			  (char *)init->frame, strerror(errno));
	else
		tell(init, CHANNEL_FILE, frame->id, NULL, 0);
	close(fd);
}

static void command(struct init *init, const struct channel_frame *frame)
{
	switch (frame->type) {
	case CHANNEL_RUN:
		run(init, frame);
		break;
	case CHANNEL_INPUT:
		feed(init, frame);
		break;
	case CHANNEL_SIGNAL:
		send_signal(init, frame);
		break;
	case CHANNEL_READ:
		send_file(init, frame);
		break;
	default:
		tell_text(init, CHANNEL_FAILURE, frame->id, "unknown command %u",
			  frame->type);
	}
}

/* Passes on what can be read; closes the pipe at its end. */
static void forward(struct init *init, struct job *job, int *fd, uint32_t type)
{
	char block[32768];
	size_t room = channel_room(&init->channel.results);
	ssize_t n;

	if (room < 64)
		return;
	n = read(*fd, block, room < sizeof(block) ? room : sizeof(block));
	if (n > 0) {
		tell(init, type, job->id, block, n);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		close(*fd);
		*fd = -1;
	}
}

static void poll_jobs(struct init *init)
{
	struct pollfd fds[2 * MAX_JOBS];
	struct {
		struct job *job;
		int *fd;
		uint32_t type;
	} of[2 * MAX_JOBS];
	nfds_t n = 0;

	for (size_t i = 0; i < MAX_JOBS; i++) {
		struct job *job = &init->jobs[i];

		if (job->pid && job->out >= 0) {
			of[n].job = job, of[n].fd = &job->out;
			of[n].type = CHANNEL_OUTPUT;
			fds[n++] = (struct pollfd){ job->out, POLLIN, 0 };
		}
		if (job->pid && job->err >= 0) {
			of[n].job = job, of[n].fd = &job->err;
			of[n].type = CHANNEL_DIAGNOSTIC;
			fds[n++] = (struct pollfd){ job->err, POLLIN, 0 };
		}
	}
	if (poll(fds, n, POLL_MS) <= 0)
		return;
	for (nfds_t i = 0; i < n; i++)
		if (fds[i].revents)
			forward(init, of[i].job, of[i].fd, of[i].type);
}

static void reap(struct init *init)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (size_t i = 0; i < MAX_JOBS; i++)
			if (init->jobs[i].pid == pid && !init->jobs[i].ended) {
				init->jobs[i].ended = true;
				init->jobs[i].status = status;
			}
}

/*
 * An ended program is reported once its output is through. Children that it left behind
 * may hold the pipes for ever, so what is there is passed on and then the end is told.
 */
static void report_ended(struct init *init)
{
	for (size_t i = 0; i < MAX_JOBS; i++) {
		struct job *job = &init->jobs[i];
		uint32_t status = job->status;

		if (!job->pid || !job->ended)
			continue;
		if (job->out >= 0)
			fcntl(job->out, F_SETFL, O_NONBLOCK);
		if (job->err >= 0)
			fcntl(job->err, F_SETFL, O_NONBLOCK);
		while (job->out >= 0 &&
		       poll(&(struct pollfd){ job->out, POLLIN, 0 }, 1, 0) > 0) {
			forward(init, job, &job->out, CHANNEL_OUTPUT);
			beat(init);
		}
		while (job->err >= 0 &&
		       poll(&(struct pollfd){ job->err, POLLIN, 0 }, 1, 0) > 0) {
			forward(init, job, &job->err, CHANNEL_DIAGNOSTIC);
			beat(init);
		}
		close_all((int[]){ job->in, job->out, job->err }, 3);
		tell(init, CHANNEL_EXIT, job->id, &status, sizeof(status));
		*job = (struct job){ 0 };
	}
}

int main(void)
{
	static struct init init;
	struct sched_param priority = { .sched_priority = 1 };
	struct utsname names;
	struct channel_frame frame;
	int got;

	signal(SIGPIPE, SIG_IGN);
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("HOME", "/", 1);
	mount_all();
	raise_interface("lo", NULL, NULL);
	open_channel(&init);
	load_modules(&init);
	/* as QEMU's user network gives it; there is none unless ports are forwarded */
	raise_interface("eth0", "10.0.2.15", "255.255.255.0");
	/* a driver that eats a CPU must not silence us; children start as usual */
	sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &priority);
	uname(&names);
	tell(&init, CHANNEL_READY, 0, names.release, strlen(names.release));
	__atomic_store_n(&init.channel.header->ready, 1, __ATOMIC_RELEASE);
	for (;;) {
		beat(&init);
		while ((got = channel_receive(&init.channel.commands, &frame,
					      init.frame)) > 0)
			command(&init, &frame);
		if (got < 0)
			die("the command ring is corrupt");
		poll_jobs(&init);
		reap(&init);
		report_ended(&init);
	}
}
