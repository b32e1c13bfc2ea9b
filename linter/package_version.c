/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/package_version.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "linter/subject_container.h"
#include "readers/dkms_conf.h"

/* A tree's only dkms.conf, or NULL. */
static const struct member *only_dkms_conf(const struct subject *subject)
{
	const struct member *found = NULL;

	for (size_t i = 0; i < subject_container(subject)->count; i++) {
		const struct member *m = package_member(subject, i);

		if (m->kind != MEMBER_FILE || strcmp(path_base(m->path), "dkms.conf"))
			continue;
		if (found)
			return NULL;
		found = m;
	}
	return found;
}

static struct error *dkms_version(const struct subject *subject, const struct member *m,
				  char **ret)
{
	_cleanup_(dkms_conf_destroy) struct dkms_conf *conf = NULL;
	_content_ struct content content = { 0 };
	struct error *error = bundle_read(subject->bundle, m, &content);
	const struct dkms_directive *d;

	if (!error)
		error = dkms_conf_create(content.bytes, &conf);
	d = error ? NULL : dkms_conf_find(conf, "PACKAGE_VERSION", 0);
	if (error || !d || d->computed || strchr(d->value, '$') ||
	    !isdigit((unsigned char)*d->value))
		return error;
	*ret = strdup(d->value);
	return *ret ? NULL : error_nomem();
}

struct error *version_reference_find(const struct subject *subject,
				     struct version_reference *ret)
{
	const struct package_info *info = subject_package(subject)->info;

	*ret = (struct version_reference){ .where = "package",
					   .dkms = only_dkms_conf(subject) };
	if (info->known && info->version) {
		ret->version = package_upstream_version(info);
		return ret->version ? NULL : error_nomem();
	}
	ret->where = "dkms.conf";
	return ret->dkms ? dkms_version(subject, ret->dkms, &ret->version) : NULL;
}

void version_reference_deinit(struct version_reference *reference)
{
	free(reference->version);
}
