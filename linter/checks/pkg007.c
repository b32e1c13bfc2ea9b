/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/strbuf.h"
#include "linter/changelogs.h"
#include "linter/subject_container.h"
#include "linter/version.h"
#include "readers/dkms_conf.h"

enum { SOURCE_MAXIMUM = 4 << 20 };

/* A source's bytes; false: it is empty, or cannot be read, which others tell. */
static bool read_text(const struct subject *subject, const struct member *m,
		      struct content *ret)
{
	_error_ struct error *error = NULL;

	if (m->kind != MEMBER_FILE || m->size > SOURCE_MAXIMUM)
		return false;
	error = bundle_read(subject->bundle, m, ret);
	return !error && ret->bytes.size;
}

/* A package of several modules may give each its own version: then it is a remark. */
static bool has_several_modules(const struct subject *subject)
{
	const struct container *c = subject_container(subject);
	size_t count = 0;

	for (size_t i = 0; i < c->count; i++) {
		const struct member *m = package_member(subject, i);

		_content_ struct content content = { 0 };

		if (path_ends_with(m->path, ".c") && read_text(subject, m, &content))
			count += !!memmem(content.bytes.data, content.bytes.size,
					  "MODULE_LICENSE(", 15);
	}
	return count > 1;
}

static struct error *hold(struct linter *linter, const struct subject *subject,
			  const char *path, const char *what, const char *version,
			  const struct version_reference *reference)
{
	bool own = !strcmp(what, "MODULE_VERSION") && has_several_modules(subject);
	char text[256];

	if (!*version || versions_agree(version, reference->version))
		return NULL;
	snprintf(text, sizeof(text), "%s %.80s, %s %.80s", what, version,
		 reference->where, reference->version);
	return linter_emit_at(linter, subject, own ? LEVEL_SUGGESTION : LEVEL_ERROR,
			      &(struct finding){ .path = path,
						 .symbol = what,
						 .message = "versions disagree",
						 .evidence = text,
						 .hint = "feed both from one place" });
}

static struct error *hold_dkms(struct linter *linter, const struct subject *subject,
			       const struct member *m,
			       const struct version_reference *reference)
{
	_cleanup_(dkms_conf_destroy) struct dkms_conf *conf = NULL;
	_content_ struct content content = { 0 };
	const struct dkms_directive *d;
	struct error *error;
	const char *slash, *dash;

	if (!read_text(subject, m, &content))
		return NULL;
	error = dkms_conf_create(content.bytes, &conf);
	d = error ? NULL : dkms_conf_find(conf, "PACKAGE_VERSION", 0);
	if (error || !d || d->computed || strchr(d->value, '$'))
		return error;
	error = hold(linter, subject, m->name, "PACKAGE_VERSION", d->value, reference);
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

/* The text between two quotes that follow @at at once, or NULL. */
static char *quoted(struct span text, const uint8_t *at)
{
	const uint8_t *end = text.data + text.size, *close;

	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	if (at == end || *at != '"')
		return NULL;
	close = memchr(at + 1, '"', end - at - 1);
	return close ? strndup((const char *)at + 1, close - at - 1) : NULL;
}

static bool is_word(uint8_t c)
{
	return isalnum(c) || c == '_';
}

/* "#define NAME "1.4.0"" in any source of the package, or NULL. */
static char *find_define(const struct subject *subject, const char *name)
{
	const struct container *c = subject_container(subject);
	size_t n = strlen(name);

	for (size_t i = 0; i < c->count; i++) {
		const struct member *m = package_member(subject, i);
		_content_ struct content content = { 0 };
		const uint8_t *at, *end;

		if ((!path_ends_with(m->path, ".c") && !path_ends_with(m->path, ".h")) ||
		    !read_text(subject, m, &content))
			continue;
		at = content.bytes.data;
		end = at + content.bytes.size;
		while ((at = memmem(at, end - at, name, n))) {
			const uint8_t *word = at;

			at += n;
			if (at < end && !is_word(*at) && word - content.bytes.data > 8 &&
			    strchr(" \t", word[-1]) && memmem(word - 8, 8, "define", 6)) {
				char *version = quoted(content.bytes, at);

				if (version)
					return version;
			}
		}
	}
	return NULL;
}

/* MODULE_VERSION("1.4.0") in a source file, or MODULE_VERSION(NAME) with NAME defined. */
static struct error *hold_source(struct linter *linter, const struct subject *subject,
				 const struct member *m,
				 const struct version_reference *reference)
{
	static const char macro[] = "MODULE_VERSION(";
	_content_ struct content content = { 0 };
	_free_ char *version = NULL, *name = NULL;
	const uint8_t *at, *end;
	size_t n = 0;

	if (!read_text(subject, m, &content))
		return NULL;
	end = content.bytes.data + content.bytes.size;
	at = memmem(content.bytes.data, content.bytes.size, macro, sizeof(macro) - 1);
	if (!at)
		return NULL;
	at += sizeof(macro) - 1;
	while (at + n < end && is_word(at[n]))
		n++;
	name = strndup((const char *)at, n);
	version = n && name ? find_define(subject, name) : quoted(content.bytes, at);
	return version ? hold(linter, subject, m->name, "MODULE_VERSION", version,
			      reference)
		       : NULL;
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct container *c = subject_container(subject);
	_reference_ struct version_reference reference = { 0 };
	struct error *error = version_reference_find(subject, &reference);
	const struct ko_facts *facts;

	if (error || !reference.version)
		return error;
	for (size_t at = 0;
	     !error && (facts = package_next_module(linter, subject, &at));)
		if (facts->out_of_tree && facts->version)
			error = hold(linter, subject, facts->path, "module",
				     facts->version, &reference);
	for (size_t i = 0; !error && i < c->count; i++) {
		const struct member *m = package_member(subject, i);

		if (m->kind != MEMBER_FILE)
			continue;
		if (!strcmp(path_base(m->path), "dkms.conf"))
			error = hold_dkms(linter, subject, m, &reference);
		else if (path_ends_with(m->path, ".c"))
			error = hold_source(linter, subject, m, &reference);
	}
	return error ? error : changelogs_hold(linter, subject, &reference);
}

static const struct check pkg007 = { .id = "PKG007", .kind = &kind_package, .run = run };
REGISTER(check, pkg007);
