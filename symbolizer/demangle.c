/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbolizer/demangle.h"

#include <libiberty/demangle.h>
#include <stddef.h>
#include <string.h>

char *demangle(const char *name)
{
	/* Mach-O puts an underscore before every name of C's, C++'s included. */
	if (!strncmp(name, "__Z", 3) || !strncmp(name, "__R", 3))
		name++;
	if (strncmp(name, "_Z", 2) && strncmp(name, "_R", 2))
		return NULL;
	return cplus_demangle(name, DMGL_AUTO | DMGL_PARAMS | DMGL_ANSI);
}
