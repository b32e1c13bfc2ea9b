/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/agent/kmsg.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"

struct error *kmsg_open(struct kmsg *kmsg)
{
	*kmsg = (struct kmsg){ .fd = open("/dev/kmsg",
					  O_RDONLY | O_NONBLOCK | O_CLOEXEC) };
	if (kmsg->fd < 0)
		return error_errno(errno, "cannot read the kernel's log");
	lseek(kmsg->fd, 0, SEEK_END);
	return NULL;
}

void kmsg_close(struct kmsg *kmsg)
{
	if (kmsg->fd >= 0)
		close(kmsg->fd);
	kmsg->fd = -1;
}

/* "6,339,5140900,-;text\n KEY=value…" (Documentation/ABI/testing/dev-kmsg). */
bool kmsg_parse(char *record, struct kmsg_line *ret)
{
	char *text = strchr(record, ';'), *at;
	unsigned long priority;

	if (!text)
		return false;
	*text++ = 0;
	text[strcspn(text, "\n")] = 0;
	priority = strtoul(record, &at, 10);
	if (*at != ',')
		return false;
	ret->level = (int)(priority & 7);
	ret->kernel = priority >> 3 == 0;
	ret->sequence = strtoull(at + 1, &at, 10);
	if (*at != ',')
		return false;
	ret->time_us = strtoull(at + 1, &at, 10);
	ret->text = text;
	return true;
}

bool kmsg_is_own(const char *text)
{
	return !strncmp(text, "bookend_", 8) || !strncmp(text, "bookend-", 8) ||
	       (!strncmp(text, "agent (", 7) && strstr(text, "drop_caches"));
}

bool kmsg_next(struct kmsg *kmsg, struct kmsg_line *ret)
{
	for (;;) {
		ssize_t n = read(kmsg->fd, kmsg->buffer, sizeof(kmsg->buffer) - 1);

		if (n < 0 && errno == EPIPE)
			continue; /* lines were lost: the sequence tells how many */
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		kmsg->buffer[n] = 0;
		if (!kmsg_parse(kmsg->buffer, ret))
			continue;
		if (kmsg->next && ret->sequence > kmsg->next)
			kmsg->lost += ret->sequence - kmsg->next;
		kmsg->next = ret->sequence + 1;
		return true;
	}
}
