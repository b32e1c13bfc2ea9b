/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What dkms.conf asks dkms to run or to apply. dkms runs a script only if it is
 * executable, says so in passing otherwise, and builds what the script should have
 * prepared; a patch that is not there ends the build. Source: dkms, run_build_script()
 * and prepare_build().
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "linter/subject_dkms.h"

/* A file name that the directive says in so many words. */
static bool is_plain(const char *name)
{
	return *name && !strpbrk(name, "$`\"'");
}

static struct error *tell(struct linter *linter, const struct subject *subject,
			  enum level level, const struct dkms_directive *d,
			  const char *message, const char *path, const char *hint)
{
	return linter_emit_at(linter, subject, level,
			      &(struct finding){ .line = d->line,
						 .symbol = d->name,
						 .message = message,
						 .evidence = path,
						 .hint = hint });
}

static struct error *look_at_script(struct linter *linter, const struct subject *subject,
				    const struct dkms_directive *d, bool may_be_made)
{
	_free_ char *path = strndup(d->value, strcspn(d->value, " \t"));
	const struct member *m;

	if (!path)
		return error_nomem();
	if (!is_plain(path))
		return NULL;
	m = dkms_member(subject, path + (strncmp(path, "./", 2) ? 0 : 2));
	if (!m)
		return may_be_made ? NULL
				   : tell(linter, subject, LEVEL_WARNING, d,
					  "the script is not in the tree: dkms goes on "
					  "without it",
					  path, NULL);
	if (m->kind != MEMBER_FILE || m->mode & 0111)
		return NULL;
	return tell(linter, subject, LEVEL_WARNING, d,
		    "the script is not executable: dkms goes on without it", path,
		    "chmod +x it in the tree and in the package");
}

static struct error *look_at_patches(struct linter *linter, const struct subject *subject)
{
	const struct dkms_conf *conf = subject_dkms(subject)->conf;
	size_t count = dkms_conf_length(conf, "PATCH");
	struct error *error = NULL;

	for (size_t i = 0; !error && i < count && i < 1000; i++) {
		const struct dkms_directive *d = dkms_conf_find(conf, "PATCH", i);
		_free_ char *path = NULL;

		if (!d || d->computed || !is_plain(d->value))
			continue;
		if (asprintf(&path, "patches/%s", d->value) < 0)
			return path = NULL, error_nomem();
		if (!dkms_member(subject, path))
			error = tell(linter, subject, LEVEL_ERROR, d,
				     "the patch is not in the tree: dkms refuses to "
				     "build",
				     path, NULL);
	}
	return error;
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	static const struct {
		const char *name;
		bool may_be_made; /* by the build before it */
	} scripts[] = { { "POST_ADD", false },	   { "PRE_BUILD", false },
			{ "POST_BUILD", true },	   { "PRE_INSTALL", true },
			{ "POST_INSTALL", false }, { "POST_REMOVE", false } };
	const struct dkms_conf *conf = subject_dkms(subject)->conf;
	struct error *error = NULL;

	for (size_t i = 0; !error && i < ARRAY_LENGTH(scripts); i++) {
		const struct dkms_directive *d = dkms_conf_find(conf, scripts[i].name, 0);

		if (d && !d->computed)
			error = look_at_script(linter, subject, d,
					       scripts[i].may_be_made);
	}
	return error ? error : look_at_patches(linter, subject);
}

static const struct check pkg018 = { .id = "PKG018", .kind = &kind_dkms, .run = run };
REGISTER(check, pkg018);
