/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Open and close a device node, with I/O of the user's between. Probes are texts:
 *
 *	read:N			read up to N bytes
 *	write:HEX		write these bytes
 *	poll[:EVENTS]		poll without waiting; EVENTS of "in", "out" must be ready
 *	ioctl:NUMBER		with no argument
 *	ioctl:NUMBER:SIZE	with a buffer of SIZE zero bytes (decimal)
 *	ioctl:NUMBER:0xHEX	with a buffer that holds these bytes
 *	mmap:N			map N bytes for reading, touch each page, unmap
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "cycler/kinds/kind.h"

enum {
	MAX_PROBES = 16,
	MAX_BYTES = 1 << 20,
};

struct probe {
	enum { PROBE_READ, PROBE_WRITE, PROBE_POLL, PROBE_IOCTL, PROBE_MMAP } kind;
	unsigned long request;
	short events;
	size_t size;
	uint8_t *bytes;	 /* as given */
	uint8_t *buffer; /* what the driver gets: it may write to it */
};

struct device_cycle {
	char *path;
	int flags, fd;
	struct probe probes[MAX_PROBES];
	size_t probe_count;
};

static const char *const probe_names[] = { "read", "write", "poll", "ioctl", "mmap" };

static void device_destroy(void *state)
{
	struct device_cycle *d = state;

	for (size_t i = 0; i < d->probe_count; i++) {
		free(d->probes[i].bytes);
		free(d->probes[i].buffer);
	}
	if (d->fd >= 0)
		close(d->fd);
	free(d->path);
	free(d);
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Hex digits to bytes; false when they are none, or odd. */
static bool parse_hex(const char *text, struct probe *p)
{
	size_t length = strlen(text);

	if (!length || length % 2 || length / 2 > MAX_BYTES)
		return false;
	p->size = length / 2;
	p->bytes = malloc(p->size);
	for (size_t i = 0; p->bytes && i < p->size; i++) {
		int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		p->bytes[i] = (uint8_t)(high << 4 | low);
	}
	return p->bytes != NULL;
}

static bool parse_size(const char *text, struct probe *p)
{
	char *end;
	unsigned long long size = strtoull(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || !size || size > MAX_BYTES)
		return false;
	p->size = size;
	p->bytes = calloc(1, size);
	return p->bytes != NULL;
}

static bool parse_ioctl(const char *text, struct probe *p)
{
	char *end;

	if (!text)
		return false;
	errno = 0;
	p->request = strtoul(text, &end, 0);
	if (end == text || errno)
		return false;
	if (!*end)
		return true;
	if (*end != ':')
		return false;
	return !strncmp(end + 1, "0x", 2) ? parse_hex(end + 3, p)
					  : parse_size(end + 1, p);
}

static bool parse_events(const char *text, struct probe *p)
{
	if (!text)
		return true;
	if (!strcmp(text, "in"))
		p->events = POLLIN;
	else if (!strcmp(text, "out"))
		p->events = POLLOUT;
	return p->events != 0;
}

static bool parse_probe(const char *text, struct probe *p)
{
	const char *colon = strchr(text, ':'), *rest = colon ? colon + 1 : NULL;
	size_t length = colon ? (size_t)(colon - text) : strlen(text);
	bool ok = false;

	for (int i = 0; i < 5; i++)
		if (strlen(probe_names[i]) == length &&
		    !strncmp(probe_names[i], text, length)) {
			p->kind = i;
			ok = true;
		}
	if (!ok)
		return false;
	if (p->kind == PROBE_IOCTL)
		ok = parse_ioctl(rest, p);
	else if (p->kind == PROBE_POLL)
		ok = parse_events(rest, p);
	else if (p->kind == PROBE_WRITE)
		ok = rest && parse_hex(rest, p);
	else
		ok = rest && parse_size(rest, p);
	if (ok && p->size)
		p->buffer = malloc(p->size);
	return ok && (!p->size || p->buffer);
}

static struct error *parse_probes(const json_t *list, const char *where,
				  struct device_cycle *d)
{
	const json_t *item;
	size_t i;

	json_array_foreach((json_t *)list, i, item)
	{
		if (i >= MAX_PROBES)
			return error_new(ERROR_INPUT, "%s/probe holds more than %d",
					 where, MAX_PROBES);
		d->probe_count++;
		if (!parse_probe(json_string_value(item), &d->probes[i]))
			return error_new(ERROR_INPUT,
					 "%s/probe/%zu: '%s' is no probe: read:N, "
					 "write:HEX, poll[:in|:out], ioctl:NUMBER[:SIZE|"
					 ":0xHEX], mmap:N",
					 where, i, json_string_value(item));
	}
	return NULL;
}

static struct error *parse_mode(const char *mode, const char *where, int *ret)
{
	if (!mode || !strcmp(mode, "rw"))
		*ret = O_RDWR;
	else if (!strcmp(mode, "r"))
		*ret = O_RDONLY;
	else if (!strcmp(mode, "w"))
		*ret = O_WRONLY;
	else
		return error_new(ERROR_INPUT, "%s/mode is none of r, w, rw", where);
	*ret |= O_CLOEXEC | O_NONBLOCK;
	return NULL;
}

static struct error *device_create(const json_t *options, const char *where, void **ret)
{
	struct device_cycle *d = calloc(1, sizeof(*d));
	struct error *error;

	if (!d)
		return error_nomem();
	d->fd = -1;
	d->path = strdup(json_string_value(json_object_get(options, "device")));
	error = d->path ? parse_mode(json_string_value(json_object_get(options, "mode")),
				     where, &d->flags)
			: error_nomem();
	if (!error && json_is_true(json_object_get(options, "blocking")))
		d->flags &= ~O_NONBLOCK;
	if (!error)
		error = parse_probes(json_object_get(options, "probe"), where, d);
	if (error) {
		device_destroy(d);
		return error;
	}
	*ret = d;
	return NULL;
}

static size_t device_opening(const void *state)
{
	const struct device_cycle *d = state;

	return 1 + d->probe_count;
}

static size_t device_closing(const void *state)
{
	(void)state;
	return 1;
}

static const char *device_step_name(const void *state, size_t step)
{
	const struct device_cycle *d = state;

	if (!step)
		return "open";
	return step <= d->probe_count ? probe_names[d->probes[step - 1].kind] : "close";
}

static int map(int fd, size_t size)
{
	volatile const uint8_t *memory = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	uint8_t sum = 0;

	if (memory == MAP_FAILED)
		return -errno;
	for (size_t i = 0; i < size; i += 4096)
		sum = (uint8_t)(sum + memory[i]);
	(void)sum;
	return munmap((void *)memory, size) ? -errno : 0;
}

/* A non-blocking read of nothing (EAGAIN) is a driver's good right. */
static int run_probe(int fd, const struct probe *p)
{
	struct pollfd poll_fd = { fd, p->events, 0 };
	long rc = 0;

	if (p->size && p->kind != PROBE_MMAP)
		memcpy(p->buffer, p->bytes, p->size);
	switch (p->kind) {
	case PROBE_READ:
		rc = read(fd, p->buffer, p->size);
		return rc < 0 && errno != EAGAIN ? -errno : 0;
	case PROBE_WRITE:
		rc = write(fd, p->buffer, p->size);
		break;
	case PROBE_POLL:
		rc = poll(&poll_fd, 1, 0);
		if (rc >= 0 && poll_fd.revents & POLLNVAL)
			return -EBADF;
		if (rc >= 0 && p->events && !(poll_fd.revents & p->events))
			return -EAGAIN;
		break;
	case PROBE_IOCTL:
		rc = ioctl(fd, p->request, p->buffer);
		break;
	case PROBE_MMAP:
		return map(fd, p->size);
	}
	return rc < 0 ? -errno : 0;
}

static int device_step(void *state, size_t step)
{
	struct device_cycle *d = state;
	int fd;

	if (!step) {
		d->fd = open(d->path, d->flags);
		return d->fd < 0 ? -errno : 0;
	}
	if (step <= d->probe_count)
		return run_probe(d->fd, &d->probes[step - 1]);
	if (d->fd < 0)
		return 0;
	fd = d->fd;
	d->fd = -1;
	return close(fd) ? -errno : 0;
}

static const char *device_subject(const void *state)
{
	return ((const struct device_cycle *)state)->path;
}

static const struct plan_key keys[] = {
	{ "device", PLAN_STRING, true, "path of the node, as \"/dev/refdrv0\"" },
	{ "mode", PLAN_STRING, false, "\"r\", \"w\" or \"rw\" (default)" },
	{ "blocking", PLAN_BOOL, false, "open without O_NONBLOCK" },
	{ "probe", PLAN_STRINGS, false, "I/O between open and close" },
	{ NULL },
};

static const struct cycle_kind device_kind = {
	.name = "device",
	.summary = "open and close a device node, with I/O between",
	.keys = keys,
	.create = device_create,
	.destroy = device_destroy,
	.opening = device_opening,
	.closing = device_closing,
	.step_name = device_step_name,
	.step = device_step,
	.subject = device_subject,
};
REGISTER(cycle_kind, device_kind);
