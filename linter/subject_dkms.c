/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/subject_dkms.h"

#include <stdio.h>
#include <string.h>

#include "common/error.h"

enum { CONF_MAXIMUM = 1 << 20 };

const struct member *dkms_member(const struct subject *subject, const char *path)
{
	_free_ char *full = NULL;

	if (asprintf(&full, "%s%s", subject_dkms(subject)->folder, path) < 0)
		return full = NULL, NULL;
	return bundle_find(subject->bundle, subject->member->container, full);
}

static struct error *visit_conf(struct linter *linter, struct bundle *bundle,
				const struct member *member)
{
	_cleanup_(dkms_conf_destroy) struct dkms_conf *conf = NULL;
	_content_ struct content content = { 0 };
	_free_ char *folder =
		strndup(member->path, strlen(member->path) - strlen("dkms.conf"));
	struct dkms_subject model = { .folder = folder };
	struct error *error;

	if (!folder)
		return error_nomem();
	error = bundle_read(bundle, member, &content);
	if (!error && content.bytes.size > CONF_MAXIMUM)
		error = error_new(ERROR_INPUT, "larger than any dkms.conf");
	if (!error)
		error = dkms_conf_create(content.bytes, &conf);
	if (error && error_kind(error) != ERROR_NOMEM) {
		struct error *told = linter_not_checked(linter, true, NULL, member->name,
							"%s", error_message(error));

		error_destroy(error);
		return told;
	}
	if (error)
		return error;
	model.conf = conf;
	return linter_subject(linter, &(struct subject){ .kind = &kind_dkms,
							 .path = member->name,
							 .bundle = bundle,
							 .member = member,
							 .model = &model });
}

static struct error *visit(struct linter *linter, struct bundle *bundle)
{
	struct error *error = NULL;

	for (size_t i = 0; !error && i < bundle->count; i++) {
		const struct member *m = &bundle->members[i];

		if (m->kind == MEMBER_FILE && !strcmp(path_base(m->path), "dkms.conf"))
			error = visit_conf(linter, bundle, m);
	}
	return error;
}

const struct subject_kind kind_dkms = {
	.name = "dkms",
	.order = 20,
	.is_driver = true,
	.visit = visit,
};
REGISTER(subject_kind, kind_dkms);
