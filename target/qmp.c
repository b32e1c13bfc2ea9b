/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/qmp.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "target/clock.h"

enum { LINE_LIMIT = 1 << 20 };

void qmp_init(struct qmp *qmp, int fd)
{
	*qmp = (struct qmp){ .fd = fd };
}

void qmp_deinit(struct qmp *qmp)
{
	if (qmp->fd >= 0)
		close(qmp->fd);
	strbuf_deinit(&qmp->buffer);
	json_decref(qmp->answer);
	*qmp = (struct qmp){ .fd = -1 };
}

static void take_line(struct qmp *qmp, const char *line, size_t length)
{
	json_t *value = json_loadb(line, length, 0, NULL);
	const char *event = json_string_value(json_object_get(value, "event"));

	if (event) {
		qmp->panicked = qmp->panicked || !strcmp(event, "GUEST_PANICKED");
		qmp->shutdown = qmp->shutdown || !strcmp(event, "SHUTDOWN");
	} else if (json_object_get(value, "return") || json_object_get(value, "error")) {
		json_decref(qmp->answer);
		qmp->answer = json_incref(value);
	}
	json_decref(value);
}

void qmp_pump(struct qmp *qmp)
{
	char block[4096], *end;
	ssize_t n;

	while (qmp->fd >= 0) {
		n = recv(qmp->fd, block, sizeof(block), MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n <= 0 || qmp->buffer.length > LINE_LIMIT) {
			close(qmp->fd);
			qmp->fd = -1;
			break;
		}
		strbuf_add(&qmp->buffer, block, n);
	}
	while (qmp->buffer.length &&
	       (end = memchr(qmp->buffer.data, '\n', qmp->buffer.length))) {
		size_t length = end - qmp->buffer.data;

		take_line(qmp, qmp->buffer.data, length);
		memmove(qmp->buffer.data, end + 1, qmp->buffer.length - length);
		qmp->buffer.length -= length + 1;
	}
}

static struct error *send_command(struct qmp *qmp, const char *name, json_t *arguments)
{
	json_t *command = arguments ? json_pack("{s:s, s:o}", "execute", name,
						"arguments", arguments)
				    : json_pack("{s:s}", "execute", name);
	_free_ char *text = command ? json_dumps(command, JSON_COMPACT) : NULL;

	json_decref(command);
	if (!text)
		return error_nomem();
	if (qmp->fd < 0 || send(qmp->fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		return error_new(ERROR_SYSTEM, "QEMU does not take '%s' any more", name);
	return NULL;
}

struct error *qmp_command(struct qmp *qmp, const char *name, json_t *arguments,
			  uint64_t timeout_ns, json_t **ret)
{
	uint64_t deadline = clock_now() + timeout_ns;
	struct error *error;
	json_t *failure;

	json_decref(qmp->answer);
	qmp->answer = NULL;
	error = send_command(qmp, name, arguments);
	while (!error && !qmp->answer) {
		struct pollfd p = { qmp->fd, POLLIN, 0 };

		if (qmp->fd < 0)
			return error_new(ERROR_SYSTEM, "QEMU ended during '%s'", name);
		if (clock_now() >= deadline)
			return error_new(ERROR_TIMEOUT,
					 "QEMU did not answer '%s' in time", name);
		poll(&p, 1, 50);
		qmp_pump(qmp);
	}
	if (error)
		return error;
	failure = json_object_get(qmp->answer, "error");
	if (failure)
		return error_new(ERROR_SYSTEM, "QEMU refused '%s': %s", name,
				 json_string_value(json_object_get(failure, "desc")));
	if (ret)
		*ret = json_incref(json_object_get(qmp->answer, "return"));
	return NULL;
}
