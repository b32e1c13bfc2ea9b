/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/version.h"

#include <ctype.h>
#include <string.h>

static const char *without_prefix(const char *version)
{
	if ((*version == 'v' || *version == 'V') && isdigit((unsigned char)version[1]))
		version++;
	return version;
}

bool versions_agree(const char *a, const char *b)
{
	size_t n, m;

	a = without_prefix(a);
	b = without_prefix(b);
	n = strlen(a);
	m = strlen(b);
	if (n > m)
		return versions_agree(b, a);
	if (strncmp(a, b, n))
		return false;
	return n == m || (n && strchr("-+~_ ", b[n]));
}
