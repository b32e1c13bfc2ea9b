/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A real machine's end of the connection; see target/relay.h. Linked statically. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "target/relay.h"

enum {
	BLOCK = 32768,
	PAGE = 4096,
	POLL_MS = 10,
	BEAT_MS = 100,
	STATE_MS = 200,
	AGAIN_MS = 1000,  /* records that are not taken by then are sent again */
	END_SECONDS = 30, /* between SIGTERM and SIGKILL of an orphan */
	STATES_AFTER_END = 2,
};

/* The mirrored file: a state block, and a ring of records with its two counters. */
struct area {
	uint8_t *bytes, *shadow; /* NULL: none is mirrored */
	uint64_t state_size, head, tail, records, record_size, capacity;
	uint64_t sent; /* records before this one were */
	uint64_t moved_ms, moved_tail;
};

struct stream {
	const char *root, *id;
	int out, err, kmsg;
	uint64_t kmsg_from; /* lines before this one are known */
	pid_t pid;	    /* of the program's group */
	struct area area;
	uint64_t beat_ms, state_ms;
	unsigned int states; /* sent since the program's end */
	uint8_t in[sizeof(struct channel_frame) + 64];
	size_t in_size;
};

static void fail(const char *what, const char *path)
{
	fprintf(stderr, "bookend-relay: %s %s: %s\n", what, path, strerror(errno));
	exit(2);
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void path_of(char *path, size_t size, const char *root, const char *name,
		    const char *id)
{
	if (snprintf(path, size, "%s/%s%s%s", root, name, id ? "." : "", id ? id : "") >=
	    (int)size) {
		errno = ENAMETOOLONG;
		fail("cannot use", root);
	}
}

static void write_all(int fd, const void *data, size_t size, const char *path)
{
	const uint8_t *bytes = data;

	while (size) {
		ssize_t n = write(fd, bytes, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			fail("cannot write", path);
		bytes += n;
		size -= (size_t)n;
	}
}

static void send_frame(uint32_t type, const void *data, size_t size)
{
	struct channel_frame frame = { type, 0, (uint32_t)size, 0 };

	write_all(STDOUT_FILENO, &frame, sizeof(frame), "to the controller");
	if (size)
		write_all(STDOUT_FILENO, data, size, "to the controller");
}

static void send_with_number(uint32_t type, uint64_t number, const void *data,
			     size_t size)
{
	struct channel_frame frame = { type, 0, (uint32_t)(sizeof(number) + size), 0 };

	write_all(STDOUT_FILENO, &frame, sizeof(frame), "to the controller");
	write_all(STDOUT_FILENO, &number, sizeof(number), "to the controller");
	write_all(STDOUT_FILENO, data, size, "to the controller");
}

/* relay area */

static int make_area(const char *path, uint64_t size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	char block[BLOCK];
	ssize_t n;
	int code;

	if (fd < 0)
		fail("cannot make", path);
	/* all of it, now: a full disk must not show as SIGBUS of a program */
	code = posix_fallocate(fd, 0, (off_t)size);
	if (code) {
		errno = code;
		unlink(path);
		fail("no room for", path);
	}
	while ((n = read(STDIN_FILENO, block, sizeof(block))) > 0)
		write_all(fd, block, (size_t)n, path);
	if (fsync(fd))
		fail("cannot write", path);
	close(fd);
	return 0;
}

/* relay keep */

static int open_output(const char *root, const char *name, const char *id)
{
	char path[PATH_MAX];
	int fd;

	path_of(path, sizeof(path), root, name, id);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		fail("cannot make", path);
	return fd;
}

/* Written beside it and renamed: never half of it. */
static void put_text(const char *root, const char *name, const char *id, const char *text)
{
	char path[PATH_MAX], fresh[PATH_MAX + 8];
	int fd;

	path_of(path, sizeof(path), root, name, id);
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		fail("cannot make", fresh);
	write_all(fd, text, strlen(text), fresh);
	fsync(fd);
	close(fd);
	if (rename(fresh, path))
		fail("cannot make", path);
}

static bool get_text(const char *root, const char *name, const char *id, char *text,
		     size_t size)
{
	char path[PATH_MAX];
	ssize_t n;
	int fd;

	if (root)
		path_of(path, sizeof(path), root, name, id);
	fd = open(root ? path : name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, size - 1);
	close(fd);
	text[n > 0 ? n : 0] = 0;
	return n > 0;
}

static void boot_id(char *text, size_t size)
{
	if (!get_text(NULL, "/proc/sys/kernel/random/boot_id", NULL, text, size))
		text[0] = 0;
	text[strcspn(text, "\n")] = 0;
}

/*
 * Whether a stream was there since the last look: it touches a file. Only that its time
 * changes counts, not which it is: somebody may set the clock.
 */
static bool seen_again(const char *root, struct timespec *last)
{
	char path[PATH_MAX];
	struct stat st;

	path_of(path, sizeof(path), root, "seen", NULL);
	if (stat(path, &st) ||
	    (st.st_mtim.tv_sec == last->tv_sec && st.st_mtim.tv_nsec == last->tv_nsec))
		return false;
	*last = st.st_mtim;
	return true;
}

/* Waits for the program, and for the controller not to come back. */
static int watch_over(const char *root, pid_t pid, double limit)
{
	uint64_t seen = now_ms(), asked = 0;
	struct timespec touched = { 0 };
	int status;

	while (!waitpid(pid, &status, WNOHANG)) {
		usleep(50000);
		if (seen_again(root, &touched))
			seen = now_ms();
		if (limit <= 0 || (double)(now_ms() - seen) < limit * 1000)
			continue;
		if (!asked) {
			asked = now_ms();
			kill(-pid, SIGTERM);
		} else if (now_ms() - asked > END_SECONDS * 1000) {
			kill(-pid, SIGKILL);
		}
	}
	return status;
}

static void become(char **words)
{
	setpgid(0, 0);
	for (; *words && strcmp(*words, "--"); words++)
		putenv(*words);
	if (*words && words[1])
		execvp(words[1], words + 1);
	fprintf(stderr, "cannot run %s: %s\n", *words && words[1] ? words[1] : "nothing",
		strerror(errno));
	_exit(127);
}

/* The keeper must be the program's parent, so it is forked before the program is. */
static int start_keeping(const char *root, const char *id, double limit, char **words)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), ready[2];
	int out = open_output(root, "out", id), err = open_output(root, "err", id);
	char text[128], boot[64];
	pid_t pid;
	int status;

	if (pipe2(ready, O_CLOEXEC))
		fail("cannot make", "a pipe");
	pid = fork();
	if (pid < 0)
		fail("cannot fork", root);
	if (pid) {
		close(ready[1]);
		return read(ready[0], text, 1) == 1 ? 0 : 2;
	}
	setsid();
	signal(SIGHUP, SIG_IGN);
	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	pid = fork();
	if (!pid)
		become(words);
	if (pid < 0)
		fail("cannot fork", root);
	setpgid(pid, pid);
	boot_id(boot, sizeof(boot));
	snprintf(text, sizeof(text), "%d %s\n", (int)pid, boot);
	put_text(root, "pid", id, text);
	write_all(ready[1], "1", 1, "that it runs");
	close(ready[1]);
	status = watch_over(root, pid, limit);
	snprintf(text, sizeof(text), "%d\n", status);
	put_text(root, "end", id, text);
	return 0;
}

/* relay stream */

static uint64_t *counter(struct area *area, uint64_t offset)
{
	return (uint64_t *)(void *)(area->bytes + offset);
}

static void open_area(struct area *area, char **words)
{
	uint64_t *numbers[] = { &area->state_size, &area->head,	       &area->tail,
				&area->records,	   &area->record_size, &area->capacity };
	int fd = open(words[0], O_RDWR | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		fail("cannot open", words[0]);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		*numbers[i] = strtoull(words[1 + i], NULL, 10);
	errno = EINVAL;
	if (area->state_size > (uint64_t)st.st_size || !area->capacity ||
	    area->head + 8 > area->state_size || area->tail + 8 > area->state_size ||
	    area->record_size == 0 || area->record_size > BLOCK ||
	    area->records + area->capacity * area->record_size > (uint64_t)st.st_size)
		fail("that is no layout of", words[0]);
	area->bytes =
		mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	/* nothing is known to the other side: all pages differ from zeros or are zeros */
	area->shadow = calloc(1, area->state_size);
	close(fd);
	if (area->bytes == MAP_FAILED || !area->shadow)
		fail("cannot map", words[0]);
	area->sent = area->moved_tail =
		__atomic_load_n(counter(area, area->tail), __ATOMIC_ACQUIRE);
}

/* What is left of the ring is sent again when it was not taken: it was not whole. */
static void look_back(struct area *area)
{
	uint64_t tail = __atomic_load_n(counter(area, area->tail), __ATOMIC_ACQUIRE);
	uint64_t now = now_ms();

	if (tail != area->moved_tail) {
		area->moved_tail = tail;
		area->moved_ms = now;
	}
	if (tail < area->sent && now - area->moved_ms > AGAIN_MS) {
		area->sent = tail;
		area->moved_ms = now;
	}
}

/* False when there was nothing to send. */
static bool send_records(struct area *area)
{
	uint64_t head = __atomic_load_n(counter(area, area->head), __ATOMIC_ACQUIRE);
	uint64_t most = BLOCK / area->record_size, first, count;

	look_back(area);
	if (head <= area->sent)
		return false;
	if (head - area->sent > area->capacity) /* nobody read: what is left of it */
		area->sent = head - area->capacity;
	first = area->sent % area->capacity;
	count = head - area->sent < most ? head - area->sent : most;
	if (count > area->capacity - first)
		count = area->capacity - first;
	send_with_number(RELAY_AREA, area->records + first * area->record_size,
			 area->bytes + area->records + first * area->record_size,
			 count * area->record_size);
	area->sent += count;
	send_with_number(RELAY_AREA, area->head, &(uint64_t){ area->sent }, 8);
	return true;
}

static void send_state(struct area *area)
{
	for (uint64_t at = 0; at < area->state_size; at += PAGE) {
		uint64_t size =
			area->state_size - at < PAGE ? area->state_size - at : PAGE;

		if (!memcmp(area->bytes + at, area->shadow + at, size))
			continue;
		memcpy(area->shadow + at, area->bytes + at, size);
		send_with_number(RELAY_AREA, at, area->shadow + at, size);
	}
}

static bool send_growth(int fd, uint32_t type)
{
	char block[BLOCK];
	ssize_t n = fd < 0 ? 0 : read(fd, block, sizeof(block));

	if (n > 0)
		send_frame(type, block, (size_t)n);
	return n > 0;
}

/* "6,339,5140900,-;text" (Documentation/ABI/testing/dev-kmsg) -> "[    5.140900] text".
 */
static bool send_line(struct stream *s)
{
	char record[8192], line[8300], *text, *at;
	unsigned long long sequence, us;
	ssize_t n = s->kmsg < 0 ? -1 : read(s->kmsg, record, sizeof(record) - 1);

	if (n <= 0)
		return n < 0 && s->kmsg >= 0 && errno == EPIPE;
	record[n] = 0;
	text = strchr(record, ';');
	at = strchr(record, ',');
	if (!text || !at || at > text)
		return true;
	text[strcspn(text, "\n")] = 0;
	sequence = strtoull(at + 1, &at, 10);
	us = *at == ',' ? strtoull(at + 1, NULL, 10) : 0;
	if (sequence < s->kmsg_from)
		return true;
	n = snprintf(line, sizeof(line), "[%5llu.%06llu] %s\n", us / 1000000,
		     us % 1000000, text + 1);
	send_with_number(RELAY_CONSOLE, sequence, line, (size_t)n);
	return true;
}

static void obey(struct stream *s, const struct channel_frame *frame, const uint8_t *data)
{
	uint64_t number = 0;

	memcpy(&number, data, frame->size < 8 ? frame->size : 8);
	if (frame->type == CHANNEL_SIGNAL && s->pid > 1)
		kill(-s->pid, (int)number);
	if (frame->type == RELAY_TAIL && s->area.bytes &&
	    number > *counter(&s->area, s->area.tail))
		__atomic_store_n(counter(&s->area, s->area.tail), number,
				 __ATOMIC_RELEASE);
}

/* Takes whole frames; exits when the controller is gone. */
static void read_commands(struct stream *s)
{
	struct pollfd p = { STDIN_FILENO, POLLIN, 0 };
	struct channel_frame frame;
	ssize_t n;

	while (poll(&p, 1, 0) > 0) {
		n = read(STDIN_FILENO, s->in + s->in_size, sizeof(s->in) - s->in_size);
		if (n <= 0)
			exit(0);
		s->in_size += (size_t)n;
		for (;;) {
			if (s->in_size < sizeof(frame))
				break;
			memcpy(&frame, s->in, sizeof(frame));
			if (frame.size > 64)
				exit(2);
			if (s->in_size < sizeof(frame) + frame.size)
				break;
			obey(s, &frame, s->in + sizeof(frame));
			s->in_size -= sizeof(frame) + frame.size;
			memmove(s->in, s->in + sizeof(frame) + frame.size, s->in_size);
		}
	}
}

static void pulse(struct stream *s)
{
	uint64_t now = now_ms();
	char path[PATH_MAX];
	int fd;

	if (now - s->beat_ms >= BEAT_MS) {
		s->beat_ms = now;
		send_frame(RELAY_BEAT, NULL, 0);
		path_of(path, sizeof(path), s->root, "seen", NULL);
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		futimens(fd, NULL);
		close(fd);
	}
	if (s->area.bytes && now - s->state_ms >= STATE_MS) {
		s->state_ms = now;
		send_state(&s->area);
	}
}

static bool program_lost(const struct stream *s)
{
	char text[128], boot[64], then[64] = "";
	int pid = 0;

	boot_id(boot, sizeof(boot));
	if (!get_text(s->root, "pid", s->id, text, sizeof(text)) ||
	    sscanf(text, "%d %63s", &pid, then) < 1)
		return true;
	return strcmp(boot, then) || (kill(pid, 0) && errno == ESRCH);
}

/* Records that were sent half-written are whole by now, if they ever will be. */
static void begin_end(struct stream *s)
{
	if (s->states == 0 && s->area.bytes)
		s->area.sent = *counter(&s->area, s->area.tail);
	s->states++;
}

/* Whether all is said; then the end, or that there will be none. */
static bool told_end(struct stream *s)
{
	char text[64];
	uint32_t status;

	if (!get_text(s->root, "end", s->id, text, sizeof(text))) {
		if (!program_lost(s))
			return false;
		begin_end(s);
		if (s->states < 40)
			return false;
		if (s->area.bytes)
			send_state(&s->area);
		send_frame(RELAY_LOST, NULL, 0);
		return true;
	}
	/* what it wrote before its end may have come since we looked */
	begin_end(s);
	if (s->states <= STATES_AFTER_END)
		return false;
	if (s->area.bytes)
		send_state(&s->area);
	status = (uint32_t)strtoul(text, NULL, 10);
	send_frame(CHANNEL_EXIT, &status, sizeof(status));
	return true;
}

static int open_at(const char *root, const char *name, const char *id, uint64_t offset)
{
	char path[PATH_MAX];
	int fd;

	path_of(path, sizeof(path), root, name, id);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		lseek(fd, (off_t)offset, SEEK_SET);
	return fd;
}

static int stream(char **words, int count)
{
	static struct stream s;
	char text[128];

	s.root = words[0];
	s.id = words[1];
	s.out = open_at(s.root, "out", s.id, strtoull(words[2], NULL, 10));
	s.err = open_at(s.root, "err", s.id, strtoull(words[3], NULL, 10));
	s.kmsg_from = strtoull(words[4], NULL, 10);
	s.kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (!s.kmsg_from && s.kmsg >= 0)
		lseek(s.kmsg, 0, SEEK_END);
	if (get_text(s.root, "pid", s.id, text, sizeof(text)))
		s.pid = atoi(text);
	if (count >= 12)
		open_area(&s.area, words + 5);
	signal(SIGHUP, SIG_DFL);
	for (;;) {
		bool busy = false;

		read_commands(&s);
		busy |= send_growth(s.out, CHANNEL_OUTPUT);
		busy |= send_growth(s.err, CHANNEL_DIAGNOSTIC);
		busy |= send_line(&s);
		if (s.area.bytes)
			busy |= send_records(&s.area);
		pulse(&s);
		if (!busy && told_end(&s))
			return 0;
		if (!busy)
			poll(&(struct pollfd){ STDIN_FILENO, POLLIN, 0 }, 1, POLL_MS);
	}
}

/* relay end */

static int end(const char *root, const char *id)
{
	char text[128];
	int pid;

	if (!get_text(root, "pid", id, text, sizeof(text)))
		return 0;
	pid = atoi(text);
	/* until the keeper is through, too: what it writes must not outlive its folder */
	for (int i = 0; pid > 1 && i < 100; i++) {
		bool gone = kill(-pid, SIGKILL) && errno == ESRCH;

		if (gone && (get_text(root, "end", id, text, sizeof(text)) || i >= 50))
			return 0;
		usleep(20000);
	}
	return 1;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "area"))
		return make_area(argv[2], strtoull(argv[3], NULL, 10));
	if (argc >= 7 && !strcmp(argv[1], "keep"))
		return start_keeping(argv[2], argv[3], strtod(argv[4], NULL), argv + 5);
	if (argc >= 7 && !strcmp(argv[1], "stream"))
		return stream(argv + 2, argc - 2);
	if (argc == 4 && !strcmp(argv[1], "end"))
		return end(argv[2], argv[3]);
	fprintf(stderr, "usage: see target/relay.h\n");
	return 2;
}
