/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/subject_container.h"

static const char *message_of(enum bundle_fact_kind kind)
{
	switch (kind) {
	case BUNDLE_ABSOLUTE_PATH:
		return "a member has an absolute path";
	case BUNDLE_PARENT_PATH:
		return "a member's path climbs out with \"..\"";
	case BUNDLE_LINK_LEAVES:
		return "a link leaves the package";
	case BUNDLE_LINK_MISSING:
		return "a hard link to a member that is not there";
	case BUNDLE_DUPLICATE:
		return "one path stands in the archive twice: the last one wins";
	case BUNDLE_TOO_MANY:
		return "too many members";
	case BUNDLE_TOO_LARGE:
		return "a member too large to look at";
	case BUNDLE_RATIO:
		return "a bomb: it unpacks to far more than its size";
	case BUNDLE_TOO_DEEP:
		return "containers nested too deep";
	case BUNDLE_BROKEN:
		return "the archive is broken or cut";
	case BUNDLE_UNREADABLE:
		return NULL; /* no finding about the package: linter_not_checked() */
	}
	return NULL;
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct bundle *bundle = subject->bundle;
	size_t self = subject_package(subject)->index;
	struct error *error = NULL;

	for (size_t i = 0; !error && i < bundle->fact_count; i++) {
		const struct bundle_fact *fact = &bundle->facts[i];
		const char *message = message_of(fact->kind);

		if (fact->container != self)
			continue;
		if (message)
			error = linter_emit(linter, subject,
					    &(struct finding){ .path = fact->name,
							       .message = message,
							       .evidence =
								       fact->detail });
		else
			error = linter_not_checked(linter, true, NULL, fact->name, "%s",
						   fact->detail);
	}
	return error;
}

static const struct check pkg014 = { .id = "PKG014", .kind = &kind_package, .run = run };
REGISTER(check, pkg014);
