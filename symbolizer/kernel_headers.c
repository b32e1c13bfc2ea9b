/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbolizer/kernel_headers.h"

#include <stddef.h>
#include <string.h>

#include "common/array.h"

bool is_kernel_header(const char *file)
{
	static const char *const places[] = {
		"/linux-headers-",	 "/include/linux/",    "/include/net/",
		"/include/asm-generic/", "/arch/x86/include/", "/arch/arm64/include/"
	};

	for (size_t i = 0; file && i < ARRAY_LENGTH(places); i++)
		if (strstr(file, places[i]))
			return true;
	return false;
}
