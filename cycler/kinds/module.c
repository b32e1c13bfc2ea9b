/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Load and unload a module, by the raw system calls: nothing is retried or forced. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/units.h"
#include "cycler/kinds/kind.h"

struct module_cycle {
	char *path, *parameters;
	char *name;	  /* as the kernel calls it */
	uint64_t wait_ns; /* for others to let go of it */
	int fd;
	bool loaded;
};

static void module_destroy(void *state)
{
	struct module_cycle *m = state;

	if (m->fd >= 0)
		close(m->fd);
	free(m->path);
	free(m->parameters);
	free(m->name);
	free(m);
}

/* refdrv-core.ko.xz is refdrv_core to the kernel. */
static char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *name = strdup(slash ? slash + 1 : path);

	if (!name)
		return NULL;
	name[strcspn(name, ".")] = 0;
	for (char *c = name; *c; c++)
		if (*c == '-')
			*c = '_';
	return name;
}

static struct error *module_create(const json_t *options, const char *where, void **ret)
{
	struct module_cycle *m = calloc(1, sizeof(*m));
	const char *parameters =
		json_string_value(json_object_get(options, "parameters"));
	const char *wait = json_string_value(json_object_get(options, "wait"));
	struct error *error;

	if (!m)
		return error_nomem();
	m->fd = -1;
	m->path = strdup(json_string_value(json_object_get(options, "module")));
	m->parameters = strdup(parameters ? parameters : "");
	m->name = m->path ? name_of(m->path) : NULL;
	error = m->path && m->parameters && m->name ? NULL : error_nomem();
	if (!error && wait)
		error = error_wrap(units_parse_duration(wait, &m->wait_ns), "%s/wait",
				   where);
	if (error) {
		module_destroy(m);
		return error;
	}
	*ret = m;
	return NULL;
}

static struct error *module_prepare(void *state)
{
	struct module_cycle *m = state;

	m->fd = open(m->path, O_RDONLY | O_CLOEXEC);
	return m->fd >= 0 ? NULL : error_errno(errno, "cannot open module %s", m->path);
}

static size_t one(const void *state)
{
	(void)state;
	return 1;
}

static const char *module_step_name(const void *state, size_t step)
{
	(void)state;
	return step ? "unload" : "load";
}

enum { DECOMPRESS = 4 /* MODULE_INIT_COMPRESSED_FILE */ };

static int load(struct module_cycle *m)
{
	size_t length = strlen(m->path);
	int flags = length > 3 && strcmp(m->path + length - 3, ".ko") ? DECOMPRESS : 0;

	if (syscall(SYS_finit_module, m->fd, m->parameters, flags))
		return -errno;
	m->loaded = true;
	return 0;
}

/* While someone uses it the kernel says EAGAIN; that is worth a wait where it is asked.
 */
static int unload(struct module_cycle *m)
{
	const struct timespec pause = { 0, 1000000 };

	for (uint64_t waited = 0;; waited += 1000000) {
		if (!syscall(SYS_delete_module, m->name, O_NONBLOCK))
			break;
		if (errno != EWOULDBLOCK || waited >= m->wait_ns)
			return -errno;
		nanosleep(&pause, NULL);
	}
	m->loaded = false;
	return 0;
}

static int module_step(void *state, size_t step)
{
	struct module_cycle *m = state;

	if (!step)
		return load(m);
	return m->loaded ? unload(m) : 0;
}

static const char *module_subject(const void *state)
{
	const struct module_cycle *m = state;
	const char *slash = strrchr(m->path, '/');

	return slash ? slash + 1 : m->path;
}

static const struct plan_key keys[] = {
	{ "module", PLAN_MODULE, true,
	  "the .ko file, or a module of the target's kernel" },
	{ "parameters", PLAN_STRING, false, "as on modprobe's command line" },
	{ "wait", PLAN_STRING, false,
	  "how long an unload waits for others to let go of it (else EAGAIN)" },
	{ NULL },
};

static const struct cycle_kind module_kind = {
	.name = "module",
	.summary = "load and unload a kernel module",
	.keys = keys,
	.create = module_create,
	.destroy = module_destroy,
	.prepare = module_prepare,
	.opening = one,
	.closing = one,
	.step_name = module_step_name,
	.step = module_step,
	.subject = module_subject,
};
REGISTER(cycle_kind, module_kind);
