/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU's machine protocol over a socket: commands one at a time, events noted. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/strbuf.h"

struct error;

struct qmp {
	int fd; /* owned; -1 once the other end is gone */
	struct strbuf buffer;
	bool panicked; /* GUEST_PANICKED was seen */
	bool shutdown; /* SHUTDOWN was seen */
	json_t *answer;
};

void qmp_init(struct qmp *qmp, int fd);
void qmp_deinit(struct qmp *qmp);

/* Takes in what has come, without waiting. */
void qmp_pump(struct qmp *qmp);

/* @arguments: stolen, may be NULL. @ret (may be NULL): the "return" value, owned. */
struct error *qmp_command(struct qmp *qmp, const char *name, json_t *arguments,
			  uint64_t timeout_ns, json_t **ret);
