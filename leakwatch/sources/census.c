/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The census as one of the sources, for the list and the choice. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "leakwatch/source.h"

static struct error *available(const char *root)
{
	_free_ char *lockdown = NULL;
	_error_ struct error *none = NULL;
	struct error *error = source_file_available(
		root, "/sys/kernel/btf/vmlinux",
		"not there: the kernel must be built with DEBUG_INFO_BTF");

	if (error)
		return error;
	none = source_read_text(root, "/sys/kernel/security/lockdown", &lockdown);
	if (!none && strstr(lockdown, "[confidentiality]"))
		return error_new(ERROR_MISSING,
				 "the kernel is locked down (confidentiality)");
	if (!*root && geteuid())
		return error_new(ERROR_MISSING, "it needs root");
	return NULL;
}

static const struct memory_source source_census = {
	.name = "census",
	.tier = 0,
	.summary =
		"every allocation with the driver on the stack, and its free by anyone",
	.proves = "each leaked object with its line, and that there is none",
	.names_places = true,
	.available = available,
};
REGISTER(memory_source, source_census);
