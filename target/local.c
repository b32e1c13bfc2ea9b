/* SPDX-License-Identifier: GPL-2.0-or-later */
/* This machine itself. It is not expendable, so it must be said that it may be used. */
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "target/machine.h"

static struct error *local_create(const struct target_options *options,
				  struct target **ret)
{
	struct machine *m;
	struct error *error;

	if (!options->permitted)
		return error_new(ERROR_USAGE,
				 "the target local runs the driver in this machine's own "
				 "kernel, which may crash, hang or lose data; if that is "
				 "meant, say --yes-on-this-machine");
	m = calloc(1, sizeof(*m));
	if (!m)
		return error_nomem();
	m->target.kind = "local";
	m->target.operations = &machine_operations;
	m->console_fd = -1;
	m->options = *options;
	m->here = true;
	m->who = strdup("this machine");
	m->transport[0] = strdup("/bin/sh");
	m->transport[1] = strdup("-c");
	error = m->who && m->transport[0] && m->transport[1] ? machine_connect(m)
							     : error_nomem();
	if (error) {
		machine_destroy(&m->target);
		return error;
	}
	*ret = &m->target;
	return NULL;
}

static const struct target_kind local_kind = {
	.name = "local",
	.summary = "this machine, with --yes-on-this-machine",
	.create = local_create,
};
REGISTER(target_kind, local_kind);
