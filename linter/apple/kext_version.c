/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/apple/kext_version.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

enum { PART_DIGITS = 4, LEVEL_DIGITS = 3, LEVEL_MAXIMUM = 255, STAGE_RELEASE = 9 };

static bool read_number(const char **p, unsigned int digits, unsigned int *ret)
{
	const char *start = *p;

	for (*ret = 0; isdigit((unsigned char)**p); (*p)++)
		if ((size_t)(*p - start) < digits)
			*ret = *ret * 10 + (**p - '0');
	return *p > start && (size_t)(*p - start) <= digits;
}

/* Development, alpha, beta, final candidate. */
static bool read_stage(const char **p, unsigned int *stage, unsigned int *level)
{
	static const char letters[] = "dabf";
	const char *found = strchr(letters, **p);
	bool candidate;

	*stage = STAGE_RELEASE;
	*level = 0;
	if (!**p)
		return true;
	if (!found)
		return false;
	candidate = *found == 'f';
	*stage = 1 + 2 * (found - letters);
	*p += candidate && (*p)[1] == 'c' ? 2 : 1;
	return read_number(p, LEVEL_DIGITS, level) && *level <= LEVEL_MAXIMUM &&
	       !(candidate && *level == 0);
}

bool kext_version_parse(const char *text, uint64_t *ret)
{
	unsigned int part[3] = { 0 }, stage, level;
	const char *p = text;

	if (!text || !isdigit((unsigned char)*p))
		return false;
	for (size_t i = 0; i < 3; i++) {
		if (i > 0 && *p != '.')
			break;
		p += i > 0;
		if (!read_number(&p, PART_DIGITS, &part[i]) &&
		    !(i > 0 && !isdigit((unsigned char)*p)))
			return false;
	}
	if (!read_stage(&p, &stage, &level) || *p)
		return false;
	*ret = (((uint64_t)part[0] * 10000 + part[1]) * 10000 + part[2]) * 10000 +
	       stage * 1000 + level;
	return true;
}
