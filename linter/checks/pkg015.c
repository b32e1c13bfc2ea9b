/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "linter/subject_container.h"

/* Caches that the loader's own tools keep; deleting one is a machine that boots less. */
static const char *const caches[] = { "modules.dep",	      "modules.alias",
				      "modules.symbols",      "modules.builtin",
				      "modules.softdep",      "Extensions.mkext",
				      "Extensions.kextcache", "com.apple.kext.caches",
				      "prelinkedkernel",      "kernelcache" };

/* A line that removes one of them: what it removes, or NULL. */
static const char *removed(const char *line)
{
	const char *rm = line;

	for (; (rm = strstr(rm, "rm ")); rm++) {
		if (rm != line && !strchr(" \t;&|/(`", rm[-1]))
			continue;
		for (size_t i = 0; i < ARRAY_LENGTH(caches); i++)
			if (strstr(rm, caches[i]))
				return caches[i];
	}
	return NULL;
}

static struct error *look_at_script(struct linter *linter, const struct subject *subject,
				    const char *name, const char *script)
{
	_free_ char *text = strdup(script);
	char *rest = text, *line;
	struct error *error = NULL;
	unsigned int number = 0;

	if (!text)
		return error_nomem();
	while (!error && (line = strsep(&rest, "\n"))) {
		const char *cache;

		number++;
		line += strspn(line, " \t");
		cache = *line == '#' ? NULL : removed(line);
		if (cache)
			error = linter_emit(
				linter, subject,
				&(struct finding){
					.line = number,
					.symbol = name,
					.message =
						"a script deletes the loader's cache by "
						"name",
					.evidence = line,
					.hint = "run depmod RELEASE (Linux), or touch the "
						"extensions folder (macOS)" });
	}
	return error;
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct package_info *info = subject_package(subject)->info;
	const struct container *c = subject_container(subject);
	struct error *error = NULL;

	for (size_t i = 0; !error && i < info->script_count; i++)
		error = look_at_script(linter, subject, info->scripts[i].name,
				       info->scripts[i].text);
	/* installer packages of macOS keep scripts as members */
	for (size_t i = 0; !error && c->kind == CONTAINER_XAR && i < c->count; i++) {
		const struct member *m = package_member(subject, i);
		const char *base = path_base(m->path);
		_free_ char *text = NULL;

		if (!m->kept ||
		    (strcmp(base, "postinstall") && strcmp(base, "preinstall")))
			continue;
		text = strndup((const char *)m->bytes.data, m->bytes.size);
		error = text ? look_at_script(linter, subject, base, text)
			     : error_nomem();
	}
	return error;
}

static const struct check pkg015 = { .id = "PKG015", .kind = &kind_package, .run = run };
REGISTER(check, pkg015);
