/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbolizer/tail.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/error.h"

enum { WAIT_MS = 250 };

static struct error *look(struct tail *tail)
{
	struct stat status;

	if (fstat(tail->fd, &status))
		return error_errno(errno, "cannot read log %s", tail->path);
	if (S_ISDIR(status.st_mode))
		return error_new(ERROR_INPUT, "cannot read log %s: it is a folder",
				 tail->path);
	tail->regular = S_ISREG(status.st_mode);
	tail->inode = status.st_ino;
	tail->offset = 0;
	return NULL;
}

struct error *tail_open(const char *path, bool follow, struct tail *ret)
{
	bool standard = !strcmp(path, "-");

	*ret = (struct tail){ .path = path, .follow = follow };
	ret->fd = standard ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	if (ret->fd < 0)
		return error_errno(errno, "cannot open log %s", path);
	return look(ret);
}

void tail_close(struct tail *tail)
{
	if (tail->fd > 0)
		close(tail->fd);
}

/* A file that was cut begins anew; where another one took its name, that one. */
static struct error *renew(struct tail *tail)
{
	struct stat status;
	int fd;

	if (!fstat(tail->fd, &status) && status.st_size < tail->offset) {
		tail->offset = lseek(tail->fd, 0, SEEK_SET);
		return NULL;
	}
	if (!strcmp(tail->path, "-") || stat(tail->path, &status) ||
	    status.st_ino == tail->inode)
		return NULL;
	fd = open(tail->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	close(tail->fd);
	tail->fd = fd;
	return look(tail);
}

static struct error *wait_for_more(struct tail *tail)
{
	const struct timespec pause = { .tv_nsec = WAIT_MS * 1000000L };

	nanosleep(&pause, NULL);
	return renew(tail);
}

struct error *tail_read(struct tail *tail, char *buffer, size_t size, size_t *length,
			enum tail_state *ret)
{
	struct pollfd wait = { .fd = tail->fd, .events = POLLIN };
	ssize_t count;

	*length = 0;
	*ret = TAIL_IDLE;
	/* A pipe waits by itself; only whoever follows wants to hear that it is idle. */
	if (tail->follow && !tail->regular && !poll(&wait, 1, WAIT_MS))
		return NULL;
	do
		count = read(tail->fd, buffer, size);
	while (count < 0 && errno == EINTR);
	if (count < 0)
		return error_errno(errno, "cannot read log %s", tail->path);
	if (count > 0) {
		tail->offset += count;
		*length = (size_t)count;
		*ret = TAIL_DATA;
		return NULL;
	}
	if (tail->follow && tail->regular)
		return wait_for_more(tail);
	*ret = TAIL_END;
	return NULL;
}
