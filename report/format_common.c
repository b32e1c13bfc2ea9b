/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/format_common.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/strbuf.h"

/* @path without the working folder before it. */
static const char *below_here(const char *path)
{
	_free_ char *here = getcwd(NULL, 0);
	size_t length = here ? strlen(here) : 0;

	while (path[0] == '.' && path[1] == '/' && path[2])
		path += 2;
	if (length > 1 && !strncmp(path, here, length) && path[length] == '/' &&
	    path[length + 1])
		return path + length + 1;
	return path;
}

struct error *finding_place(const struct report *report, const struct finding *finding,
			    char **ret)
{
	const char *path =
		finding->path && *finding->path ? finding->path : report->subject;
	const char *place = below_here(path);
	size_t length = strcspn(place, "!");

	*ret = strndup(place, length ? length : strlen(place));
	return *ret ? NULL : error_nomem();
}

const char *finding_member(const struct finding *finding)
{
	const char *bang = finding->path ? strchr(finding->path, '!') : NULL;

	return bang && bang[1] ? bang + 1 : NULL;
}

void strbuf_add_uri(struct strbuf *out, const char *path)
{
	if (*path == '/')
		strbuf_adds(out, "file://");
	/* a colon in the first segment would read as a scheme: it is encoded */
	for (const unsigned char *c = (const unsigned char *)path; *c; c++) {
		if ((*c < 0x80 && isalnum(*c)) || strchr("-._~/+@", *c))
			strbuf_addc(out, (char)*c);
		else
			strbuf_addf(out, "%%%02X", *c);
	}
}
