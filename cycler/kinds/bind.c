/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Takes a driver off a device and puts it back, through sysfs. */
#include <stdio.h>
#include <stdlib.h>

#include "common/error.h"
#include "cycler/kinds/kind.h"
#include "cycler/kinds/text_file.h"

struct bind_cycle {
	char *bus, *driver, *device;
	char bind[256], unbind[256], link[256];
};

static void bind_destroy(void *state)
{
	struct bind_cycle *b = state;

	free(b->bus);
	free(b->driver);
	free(b->device);
	free(b);
}

static char *copy_key(const json_t *options, const char *key)
{
	return strdup(json_string_value(json_object_get(options, key)));
}

static bool is_name(const char *text)
{
	return strlen(text) <= 64 && !strchr(text, '/');
}

static struct error *bind_create(const json_t *options, const char *where, void **ret)
{
	struct bind_cycle *b = calloc(1, sizeof(*b));
	struct error *error = NULL;

	if (!b)
		return error_nomem();
	b->bus = copy_key(options, "bus");
	b->driver = copy_key(options, "driver");
	b->device = copy_key(options, "device");
	if (!b->bus || !b->driver || !b->device)
		error = error_nomem();
	else if (!is_name(b->bus) || !is_name(b->driver) || !is_name(b->device))
		error = error_new(ERROR_INPUT,
				  "%s: bus, driver and device are names below /sys/bus, "
				  "as \"platform\", \"refdrv\", \"refdrv.0\"",
				  where);
	if (error) {
		bind_destroy(b);
		return error;
	}
	snprintf(b->bind, sizeof(b->bind), "/sys/bus/%s/drivers/%s/bind", b->bus,
		 b->driver);
	snprintf(b->unbind, sizeof(b->unbind), "/sys/bus/%s/drivers/%s/unbind", b->bus,
		 b->driver);
	snprintf(b->link, sizeof(b->link), "/sys/bus/%s/drivers/%s/%s", b->bus, b->driver,
		 b->device);
	*ret = b;
	return NULL;
}

static size_t bind_half(const void *state)
{
	(void)state;
	return 1;
}

static const char *bind_step_name(const void *state, size_t step)
{
	(void)state;
	return step ? "bind" : "unbind";
}

static int bind_step(void *state, size_t step)
{
	struct bind_cycle *b = state;
	int rc = text_file_write(step ? b->bind : b->unbind, b->device);

	if (rc || !step)
		return rc;
	/* a driver may decline, and the write succeed all the same */
	return access(b->link, F_OK) ? -ENXIO : 0;
}

static const char *bind_subject(const void *state)
{
	return ((const struct bind_cycle *)state)->device;
}

static const struct plan_key keys[] = {
	{ "bus", PLAN_STRING, true, "as \"platform\" or \"pci\"" },
	{ "driver", PLAN_STRING, true, "the driver's name on that bus" },
	{ "device", PLAN_STRING, true, "the device's, as \"refdrv.0\"; it is bound" },
	{ NULL },
};

static const struct cycle_kind bind_kind = {
	.name = "bind",
	.summary = "unbind a device from its driver and bind it again",
	.keys = keys,
	.create = bind_create,
	.destroy = bind_destroy,
	.opening = bind_half,
	.closing = bind_half,
	.step_name = bind_step_name,
	.step = bind_step,
	.subject = bind_subject,
};
REGISTER(cycle_kind, bind_kind);
