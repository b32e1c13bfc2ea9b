/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "common/error.h"
#include "common/strbuf.h"
#include "linter/subject_container.h"
#include "linter/version.h"
#include "readers/dkms_conf.h"

static struct error *hold(struct linter *linter, const struct subject *subject,
			  const char *path, const char *what, const char *version,
			  const char *package)
{
	char text[256];

	if (!*version || versions_agree(version, package))
		return NULL;
	snprintf(text, sizeof(text), "%s %.80s, package %.80s", what, version, package);
	return linter_emit(
		linter, subject,
		&(struct finding){ .path = path,
				   .symbol = what,
				   .message = "another version than the package's",
				   .evidence = text,
				   .hint = "feed both from one place" });
}

/* Where the container tells its version: control file, header, or folder "NAME-1.4.0". */
static struct error *version_of(const struct subject *subject, char **ret)
{
	const struct package_info *info = subject_package(subject)->info;

	*ret = NULL;
	if (info->known && info->version) {
		*ret = package_upstream_version(info);
		return *ret ? NULL : error_nomem();
	}
	return NULL;
}

static struct error *hold_dkms(struct linter *linter, const struct subject *subject,
			       const struct member *m, const char *package)
{
	_cleanup_(dkms_conf_destroy) struct dkms_conf *conf = NULL;
	const struct dkms_directive *d;
	struct error *error;
	const char *slash, *dash;

	if (!m->kept)
		return NULL;
	error = dkms_conf_create(m->bytes, &conf);
	d = error ? NULL : dkms_conf_find(conf, "PACKAGE_VERSION", 0);
	if (error || !d || d->computed || strchr(d->value, '$'))
		return error;
	error = hold(linter, subject, m->name, "PACKAGE_VERSION", d->value, package);
	/* /usr/src/NAME-VERSION/dkms.conf: dkms finds the tree by that name */
	slash = strrchr(m->path, '/');
	for (dash = slash; dash && dash > m->path && dash[-1] != '/';)
		dash--;
	if (!error && dash && slash && !strncmp(m->path, "usr/src/", 8)) {
		_free_ char *folder = strndup(dash, slash - dash);
		size_t n = folder ? strlen(folder) : 0, v = strlen(d->value);

		if (n <= v || strcmp(folder + n - v, d->value) ||
		    folder[n - v - 1] != '-')
			error = linter_emit(
				linter, subject,
				&(struct finding){
					.path = m->name,
					.symbol = "PACKAGE_VERSION",
					.line = d->line,
					.message =
						"the folder is not called NAME-VERSION: "
						"dkms will not find it",
					.evidence = folder });
	}
	return error;
}

/* MODULE_VERSION("1.4.0") in a source file, a literal only. */
static struct error *hold_source(struct linter *linter, const struct subject *subject,
				 const struct member *m, const char *package)
{
	static const char macro[] = "MODULE_VERSION(\"";
	const uint8_t *at, *end;
	_free_ char *version = NULL;

	if (!m->kept || !m->bytes.size)
		return NULL;
	at = memmem(m->bytes.data, m->bytes.size, macro, sizeof(macro) - 1);
	if (!at)
		return NULL;
	at += sizeof(macro) - 1;
	end = memchr(at, '"', m->bytes.data + m->bytes.size - at);
	if (!end)
		return NULL;
	version = strndup((const char *)at, end - at);
	return version ? hold(linter, subject, m->name, "MODULE_VERSION", version,
			      package)
		       : error_nomem();
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct container *c = subject_container(subject);
	_free_ char *package = NULL;
	struct error *error = version_of(subject, &package);
	const struct ko_facts *facts;

	if (error || !package)
		return error;
	for (size_t at = 0;
	     !error && (facts = package_next_module(linter, subject, &at));)
		if (facts->out_of_tree && facts->version)
			error = hold(linter, subject, facts->path, "module",
				     facts->version, package);
	for (size_t i = 0; !error && i < c->count; i++) {
		const struct member *m = package_member(subject, i);

		if (m->kind != MEMBER_FILE)
			continue;
		if (!strcmp(path_base(m->path), "dkms.conf"))
			error = hold_dkms(linter, subject, m, package);
		else if (path_ends_with(m->path, ".c"))
			error = hold_source(linter, subject, m, package);
	}
	return error;
}

static const struct check pkg007 = { .id = "PKG007", .kind = &kind_package, .run = run };
REGISTER(check, pkg007);
