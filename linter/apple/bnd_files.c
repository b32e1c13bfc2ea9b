/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules on the files of a bundle: BND018, BND019, BND021. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/error.h"
#include "common/strbuf.h"
#include "linter/apple/subject_kext.h"

/* How deep @path below the kext is after following @link, negative: outside. */
static int depth_of(const char *path, const char *link)
{
	int depth = 0, lowest = 0;

	for (const char *p = path; (p = strchr(p, '/')); p++)
		depth++;
	for (const char *p = link; *p;) {
		size_t length = strcspn(p, "/");

		if (length == 2 && p[0] == '.' && p[1] == '.')
			depth--;
		else if (length && !(length == 1 && *p == '.'))
			depth++;
		if (depth < lowest)
			lowest = depth;
		p += length + (p[length] == '/');
	}
	return lowest;
}

/* Whether the booter, which knows no links, has to read it. */
static bool booter_reads(const struct kext *kext, const struct kext_member *m)
{
	return property_get(kext->info, "OSBundleRequired") &&
	       (m->name == kext->info_path || strstr(m->path, "MacOS/") ||
		strstr(m->path, "Info.plist"));
}

static struct error *run_bnd018(struct linter *linter, const struct subject *subject)
{
	const struct kext *kext = subject_kext(subject);
	struct error *error = NULL;

	for (size_t i = 0; i < kext->member_count && !error; i++) {
		const struct kext_member *m = &kext->members[i];
		struct kext_finding what = {
			.path = m->name,
			.symbol = m->link,
			.hint = "put the file itself into the bundle"
		};

		if (!m->link)
			continue;
		if (m->link[0] == '/')
			error = kext_tell(linter, subject, &what,
					  "a symbolic link to an absolute path");
		else if (depth_of(m->path, m->link) < 0)
			error = kext_tell(linter, subject, &what,
					  "a symbolic link that leaves the bundle");
		else if (booter_reads(kext, m))
			error = kext_tell(
				linter, subject, &what,
				"a symbolic link, which the booter does not follow, "
				"in a kext that is needed at boot");
	}
	return error;
}

static const struct check bnd018 = { .id = "BND018",
				     .kind = &kind_kext,
				     .run = run_bnd018 };
REGISTER(check, bnd018);

/* One finding a kext: what the first offender is, and how many there are. */
struct offenders {
	const struct kext_member *first;
	size_t count;
};

static void offend(struct offenders *o, const struct kext_member *member)
{
	if (!o->count++)
		o->first = member;
}

static struct error *tell_offenders(struct linter *linter, const struct subject *subject,
				    const struct offenders *o, const char *what,
				    const char *hint)
{
	const struct kext *kext = subject_kext(subject);
	_strbuf_ struct strbuf evidence = STRBUF_INIT;

	if (!o->count)
		return NULL;
	strbuf_addf(&evidence, "%s: owner %u, group %u, mode %04o", o->first->path,
		    o->first->uid, o->first->gid, o->first->mode & 07777);
	return kext_tell(linter, subject,
			 &(struct kext_finding){ .path = o->first->name,
						 .evidence = strbuf_string(&evidence),
						 .lower = !kext->ships,
						 .level = LEVEL_SUGGESTION,
						 .hint = hint },
			 "%s (%zu of the kext's files are): the loader refuses the kext",
			 what, o->count);
}

static struct error *run_bnd019(struct linter *linter, const struct subject *subject)
{
	const struct kext *kext = subject_kext(subject);
	struct offenders owned = { 0 }, writable = { 0 };
	struct error *error;

	for (size_t i = 0; i < kext->member_count; i++) {
		const struct kext_member *m = &kext->members[i];

		if (m->link)
			continue;
		if (m->owner_known && (m->uid || m->gid))
			offend(&owned, m);
		if (m->mode & (S_IWGRP | S_IWOTH))
			offend(&writable, m);
	}
	error = tell_offenders(linter, subject, &owned, "not owned by root:wheel",
			       "chown -R root:wheel before packing, or pkgbuild "
			       "--ownership recommended");
	return error ? error
		     : tell_offenders(linter, subject, &writable,
				      "writable by its group or by everyone",
				      "chmod -R go-w");
}

static const struct check bnd019 = { .id = "BND019",
				     .kind = &kind_kext,
				     .run = run_bnd019 };
REGISTER(check, bnd019);

static struct error *check_resource(struct linter *linter, const struct subject *subject,
				    const struct property *at, const char *name)
{
	const struct kext *kext = subject_kext(subject);
	char path[512];

	snprintf(path, sizeof(path), "%sResources/%s", kext->shallow ? "" : "Contents/",
		 name);
	if (kext_find_member(kext, path))
		return NULL;
	return kext_tell(linter, subject, &(struct kext_finding){ .at = at },
			 "the startup resource '%s' is not in Resources", name);
}

static struct error *run_bnd021(struct linter *linter, const struct subject *subject)
{
	static const char *const keys[] = { "OSBundleStartupResources",
					    "OSBundleStartupResourceNames" };
	const struct kext *kext = subject_kext(subject);
	struct error *error = NULL;

	for (size_t i = 0; i < 2; i++) {
		const struct property *all = property_get(kext->info, keys[i]);

		for (const struct property *p = all ? all->first : NULL; p && !error;
		     p = p->next) {
			if (p->type == PROPERTY_STRING)
				error = check_resource(linter, subject, p, p->string);
			else if (p->key)
				error = check_resource(linter, subject, p, p->key);
		}
	}
	return error;
}

static const struct check bnd021 = { .id = "BND021",
				     .kind = &kind_kext,
				     .run = run_bnd021 };
REGISTER(check, bnd021);
