/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Archives of every kind, what is in them, and what packages say of themselves. */
#include "common/error.h"
#include "readers/bundle.h"
#include "readers/package.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const char *name, struct span bytes)
{
	static const struct bundle_limits limits = { .members = 1000,
						     .member_bytes = 1 << 20,
						     .total_bytes = 16 << 20,
						     .depth = 2 };
	_cleanup_(bundle_destroy) struct bundle *bundle = NULL;

	error_destroy(bundle_open_memory(name, bytes, &limits, &bundle));
	for (size_t i = 0; bundle && i < bundle->container_count; i++) {
		_cleanup_(package_info_destroy) struct package_info *info = NULL;

		error_destroy(package_info_create(bundle, &bundle->containers[i], &info));
	}
}

/* The first byte chooses what the name claims. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "a.deb", "a.rpm",	"a.tar", "a.zip",
					     "a.pkg", "a.cpio", "a" };

	if (size)
		use(names[data[0] % 7], (struct span){ data + 1, size - 1 });
	return 0;
}
