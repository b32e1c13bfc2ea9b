/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "linter/classify.h"
#include "linter/subject_container.h"

/* A kernel's packages hold module indexes, Module.symvers, objects and build files. */
static bool is_kernel_tree(const struct member *m)
{
	return strstr(m->path, "lib/modules/") || strstr(m->path, "linux-headers") ||
	       strstr(m->path, "linux-kbuild") || strstr(m->path, "usr/src/kernels/") ||
	       strstr(m->path, "/build/");
}

/* Sources that are meant to be there: DKMS trees, examples, headers. */
static bool is_meant(const struct member *m)
{
	return strstr(m->path, "usr/src/") || strstr(m->path, "usr/share/") ||
	       strstr(m->path, "usr/include/");
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct container *c = subject_container(subject);
	bool sources = package_has_sources(subject);
	bool bundle = !package_ships(c);
	struct error *error = NULL;

	for (size_t i = 0; !error && i < c->count; i++) {
		const struct member *m = package_member(subject, i);
		const struct member_class *class = member_classify(m);

		if ((bundle && !strstr(m->path, ".kext/")) || is_kernel_tree(m))
			continue;
		/* a source archive carries what its version control needs */
		if (class->ship == SHIP_LEFTOVER &&
		    !(sources && !package_installs(c) && m->kind == MEMBER_FILE &&
		      !strncmp(path_base(m->path), ".git", 4)))
			error = linter_emit(
				linter, subject,
				&(struct finding){ .path = m->name,
						   .message = "a leftover in what ships",
						   .evidence = class->name });
		else if (class->ship == SHIP_SOURCE && !sources && !is_meant(m))
			error = linter_emit(
				linter, subject,
				&(struct finding){ .path = m->name,
						   .message = "source in a package that "
							      "builds nothing",
						   .evidence = class->name });
	}
	return error;
}

static const struct check pkg002 = { .id = "PKG002", .kind = &kind_package, .run = run };
REGISTER(check, pkg002);
