/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/digest.h"
#include "common/error.h"
#include "linter/manifest.h"
#include "linter/subject_container.h"

static struct error *hold_digest(struct linter *linter, const struct subject *subject,
				 const struct member *m, const struct manifest_line *line)
{
	_content_ struct content content = { 0 };
	struct error *error = bundle_read(subject->bundle, m, &content);
	char digest[DIGEST_HEX_SIZE];

	if (error)
		return error;
	digest_sha256(content.bytes.data, content.bytes.size, digest);
	if (!strcasecmp(digest, line->digest))
		return NULL;
	return linter_emit(
		linter, subject,
		&(struct finding){ .path = m->name,
				   .message = "other bytes than the manifest says",
				   .evidence = digest });
}

static struct error *tell_missing(struct linter *linter, const struct subject *subject,
				  const struct manifest *manifest)
{
	struct error *error = NULL;

	for (size_t i = 0; !error && i < manifest->count; i++)
		if (!manifest->lines[i].used)
			error = linter_emit(
				linter, subject,
				&(struct finding){
					.symbol = manifest->lines[i].glob,
					.message = "the manifest lists it, the package "
						   "does not have it" });
	return error;
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct container *c = subject_container(subject);
	_cleanup_(manifest_destroy) struct manifest *manifest = NULL;
	struct error *error;

	if (!linter->options->manifest && !package_ships(c))
		return NULL;
	if (!linter->options->manifest)
		return linter_not_checked(
			linter, false, "PKG016", NULL,
			"no list of what is meant to ship (--manifest)");
	/* what was given is what ships; containers inside are members of it */
	if (subject_package(subject)->index)
		return NULL;
	error = manifest_create(linter->options->manifest, &manifest);
	for (size_t i = 0; !error && i < c->count; i++) {
		const struct member *m = package_member(subject, i);
		struct manifest_line *line = manifest_find(manifest, m->path);

		if (line)
			line->used = true;
		if (m->kind == MEMBER_FOLDER || !strncmp(m->path, "DEBIAN/", 7))
			continue;
		if (!line)
			error = linter_emit(
				linter, subject,
				&(struct finding){ .path = m->name,
						   .message =
							   "nobody said that this ships",
						   .evidence = m->path });
		else if (line->digest && m->kind == MEMBER_FILE)
			error = hold_digest(linter, subject, m, line);
	}
	return error ? error : tell_missing(linter, subject, manifest);
}

static const struct check pkg016 = { .id = "PKG016", .kind = &kind_package, .run = run };
REGISTER(check, pkg016);
