/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Takes a PCI device or a CPU away, and brings it back. */
#include <stdio.h>
#include <stdlib.h>

#include "common/error.h"
#include "cycler/kinds/kind.h"
#include "cycler/kinds/text_file.h"

#define PCI "/sys/bus/pci"
#define CPU "/sys/devices/system/cpu"

struct hotplug_cycle {
	char *driver; /* that must be bound after a rescan; NULL: any, or none */
	char name[64], device[128], off[192], on[192];
	bool pci;
};

static void hotplug_destroy(void *state)
{
	struct hotplug_cycle *h = state;

	free(h->driver);
	free(h);
}

static struct error *set_pci(struct hotplug_cycle *h, const char *address,
			     const char *where)
{
	unsigned int domain, bus, slot, function;
	char rest;

	/* addresses from lspci may lack the domain */
	if (sscanf(address, "%4x:%2x:%2x.%1x%c", &domain, &bus, &slot, &function,
		   &rest) != 4) {
		domain = 0;
		if (sscanf(address, "%2x:%2x.%1x%c", &bus, &slot, &function, &rest) != 3)
			return error_new(
				ERROR_INPUT,
				"%s/pci: '%s' is no address, as \"0000:00:05.0\"", where,
				address);
	}
	h->pci = true;
	snprintf(h->name, sizeof(h->name), "%04x:%02x:%02x.%x", domain, bus, slot,
		 function);
	snprintf(h->device, sizeof(h->device), PCI "/devices/%s", h->name);
	snprintf(h->off, sizeof(h->off), "%s/remove", h->device);
	snprintf(h->on, sizeof(h->on), PCI "/rescan");
	return NULL;
}

static void set_cpu(struct hotplug_cycle *h, unsigned long number)
{
	snprintf(h->name, sizeof(h->name), "cpu%lu", number);
	snprintf(h->device, sizeof(h->device), CPU "/%s", h->name);
	snprintf(h->off, sizeof(h->off), "%s/online", h->device);
	snprintf(h->on, sizeof(h->on), "%s/online", h->device);
}

static struct error *hotplug_create(const json_t *options, const char *where, void **ret)
{
	const char *pci = json_string_value(json_object_get(options, "pci"));
	const char *driver = json_string_value(json_object_get(options, "driver"));
	const json_t *cpu = json_object_get(options, "cpu");
	struct hotplug_cycle *h;
	struct error *error = NULL;

	if (!pci == !cpu)
		return error_new(ERROR_INPUT, "%s needs either \"pci\" or \"cpu\"",
				 where);
	if (driver && !pci)
		return error_new(ERROR_INPUT, "%s/driver goes with \"pci\"", where);
	h = calloc(1, sizeof(*h));
	if (!h)
		return error_nomem();
	if (driver && !(h->driver = strdup(driver)))
		error = error_nomem();
	if (!error && pci)
		error = set_pci(h, pci, where);
	else if (!error)
		set_cpu(h, (unsigned long)json_integer_value(cpu));
	if (error) {
		hotplug_destroy(h);
		return error;
	}
	*ret = h;
	return NULL;
}

static struct error *hotplug_prepare(void *state)
{
	struct hotplug_cycle *h = state;

	if (!access(h->off, W_OK))
		return NULL;
	return error_new(ERROR_MISSING, "%s cannot be taken away in the target: no %s%s",
			 h->name, h->off,
			 h->pci ? "" : " (the first CPU, or one that is not there)");
}

static size_t hotplug_half(const void *state)
{
	(void)state;
	return 1;
}

static const char *hotplug_step_name(const void *state, size_t step)
{
	const struct hotplug_cycle *h = state;

	if (h->pci)
		return step ? "rescan" : "remove";
	return step ? "online" : "offline";
}

/* A device that a rescan does not find again, or without its driver, is no success. */
static int check_pci(const struct hotplug_cycle *h)
{
	char path[192], target[256];
	const char *name;
	ssize_t n;

	if (access(h->device, F_OK))
		return -ENODEV;
	if (!h->driver)
		return 0;
	snprintf(path, sizeof(path), "%s/driver", h->device);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return -ENXIO;
	target[n] = 0;
	name = strrchr(target, '/');
	return strcmp(name ? name + 1 : target, h->driver) ? -ENXIO : 0;
}

static int hotplug_step(void *state, size_t step)
{
	struct hotplug_cycle *h = state;
	int rc;

	if (!h->pci)
		return text_file_write(h->off, step ? "1" : "0");
	rc = text_file_write(step ? h->on : h->off, "1");
	return rc || !step ? rc : check_pci(h);
}

static const char *hotplug_subject(const void *state)
{
	return ((const struct hotplug_cycle *)state)->name;
}

static const struct plan_key keys[] = {
	{ "pci", PLAN_STRING, false, "address of a PCI device: removed, then rescanned" },
	{ "driver", PLAN_STRING, false,
	  "driver that must be bound to it again (else ENXIO)" },
	{ "cpu", PLAN_INTEGER, false, "number of a CPU: taken off line and back" },
	{ NULL },
};

static const struct cycle_kind hotplug_kind = {
	.name = "hotplug",
	.summary = "take a PCI device or a CPU away and bring it back",
	.keys = keys,
	.create = hotplug_create,
	.destroy = hotplug_destroy,
	.prepare = hotplug_prepare,
	.opening = hotplug_half,
	.closing = hotplug_half,
	.step_name = hotplug_step_name,
	.step = hotplug_step,
	.subject = hotplug_subject,
};
REGISTER(cycle_kind, hotplug_kind);
