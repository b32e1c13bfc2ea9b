/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A Debian changelog is what a package's version is made of, so its newest entry has to
 * be that version. NEWS and the like are upstream's: that none of their headings names
 * the version is a remark, as their order and form vary.
 */
#include "linter/changelogs.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/error.h"
#include "linter/subject_container.h"
#include "linter/version.h"
#include "readers/changelog.h"

/* "1.4.0-1" of "refdrv (2:1.4.0-1)", else of the version itself; without "+b2". */
static char *source_version(const struct package_info *info)
{
	const char *open = info->source ? strchr(info->source, '(') : NULL;
	const char *from = open ? open + 1 : info->version;
	size_t n = strcspn(from, ")");
	size_t digits = n;

	while (digits && isdigit((unsigned char)from[digits - 1]))
		digits--;
	if (!open && digits > 2 && digits < n && from[digits - 1] == 'b' &&
	    from[digits - 2] == '+')
		n = digits - 2;
	return strndup(from, n);
}

static struct error *tell(struct linter *linter, const struct subject *subject,
			  enum level level, const char *path, const char *message,
			  const char *newest, const char *version)
{
	char text[256];

	snprintf(text, sizeof(text), "changelog %.90s, version %.90s", newest, version);
	return linter_emit_at(
		linter, subject, level,
		&(struct finding){ .path = path,
				   .symbol = "changelog",
				   .message = message,
				   .evidence = text,
				   .hint = "write the entry of this release, "
					   "or build from the tree that "
					   "has it" });
}

static struct error *hold_debian(struct linter *linter, const struct subject *subject,
				 const char *path, const struct changelog *entry)
{
	const struct package_info *info = subject_package(subject)->info;
	_free_ char *version = source_version(info);

	if (!version)
		return error_nomem();
	if (!strcmp(version, entry->version))
		return NULL;
	return tell(linter, subject, LEVEL_ERROR, path,
		    "the newest entry is of another version than the package",
		    entry->version, version);
}

static struct error *hold_rpm(struct linter *linter, const struct subject *subject)
{
	const struct package_info *info = subject_package(subject)->info;
	const char *dash = info->changelog ? strrchr(info->changelog, '>') : NULL;
	const char *version = dash ? dash + 1 + strspn(dash + 1, " -") : "";
	const char *colon = strchr(version, ':');

	/* "* Sun Mar 01 2026 Jane Doe <jane@example.com> - 1:1.4.0-1" */
	version = colon ? colon + 1 : version;
	if (!isdigit((unsigned char)*version) || versions_agree(info->version, version))
		return NULL;
	return tell(linter, subject, LEVEL_ERROR, subject->path,
		    "the newest entry of %changelog is of another version", version,
		    info->version);
}

static struct error *hold_upstream(struct linter *linter, const struct subject *subject,
				   const char *path, const struct changelog *entry,
				   struct span text, const char *version)
{
	if (!*entry->version || versions_agree(entry->version, version) ||
	    memmem(text.data, text.size, version, strlen(version)))
		return NULL;
	return tell(linter, subject, LEVEL_SUGGESTION, path,
		    "it has no entry for this version", entry->version, version);
}

/* debian/changelog of a tree: its upstream part is the tree's version. */
static struct error *hold_tree(struct linter *linter, const struct subject *subject,
			       const char *path, const struct changelog *entry,
			       const char *version)
{
	const char *colon = strchr(entry->version, ':');
	const char *newest = colon ? colon + 1 : entry->version;

	if (versions_agree(version, newest))
		return NULL;
	return tell(linter, subject, LEVEL_ERROR, path,
		    "the newest entry is of another version", newest, version);
}

/* "changelog.Debian.gz"; a package that has no revision is its own upstream. */
static bool is_of_package(const struct subject *subject, const struct member *m)
{
	return !strncasecmp(path_base(m->path), "changelog.debian", 16) ||
	       !strchr(subject_package(subject)->info->version, '-');
}

static struct error *look_at(struct linter *linter, const struct subject *subject,
			     const struct member *m,
			     const struct version_reference *reference)
{
	_content_ struct content content = { 0 };
	struct changelog entry;
	struct error *error = bundle_read_plain(subject->bundle, m, &content);

	if (error || !changelog_read(content.bytes, &entry))
		return error;
	if (!entry.debian)
		return hold_upstream(linter, subject, m->name, &entry, content.bytes,
				     reference->version);
	/* upstream may keep a Debian changelog of its own */
	if (subject_package(subject)->info->known && !is_of_package(subject, m))
		return hold_tree(linter, subject, m->name, &entry, reference->version);
	return subject_package(subject)->info->known
		       ? hold_debian(linter, subject, m->name, &entry)
		       : hold_tree(linter, subject, m->name, &entry, reference->version);
}

/* Where a package keeps its changelogs, or the tree beside its dkms.conf. */
static bool is_place(const struct subject *subject, const struct member *m,
		     const struct version_reference *reference)
{
	const char *root = reference->dkms ? reference->dkms->path : "";
	size_t n = reference->dkms ? strlen(root) - strlen("dkms.conf") : 0;
	const char *rest = m->path + n;

	if (m->kind != MEMBER_FILE || !changelog_is_named(m->path))
		return false;
	if (subject_package(subject)->info->known)
		return strstr(m->path, "share/doc/");
	return !strncmp(m->path, root, n) &&
	       (!strchr(rest, '/') || !strcmp(rest, "debian/changelog"));
}

struct error *changelogs_hold(struct linter *linter, const struct subject *subject,
			      const struct version_reference *reference)
{
	const struct container *c = subject_container(subject);
	struct error *error = NULL;

	if (c->kind == CONTAINER_RPM)
		error = hold_rpm(linter, subject);
	for (size_t i = 0; !error && i < c->count; i++)
		if (is_place(subject, package_member(subject, i), reference))
			error = look_at(linter, subject, package_member(subject, i),
					reference);
	return error;
}
