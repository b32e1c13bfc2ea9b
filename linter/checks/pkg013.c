/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <elf.h>
#include <stdio.h>
#include <string.h>

#include "common/array.h"
#include "linter/subject_container.h"

/* Architectures of Debian and of rpm, and what their modules are. */
static const struct {
	const char *name;
	uint16_t machine;
} architectures[] = {
	{ "amd64", EM_X86_64 },	   { "x86_64", EM_X86_64 }, { "i386", EM_386 },
	{ "i586", EM_386 },	   { "i686", EM_386 },	    { "arm64", EM_AARCH64 },
	{ "aarch64", EM_AARCH64 }, { "armhf", EM_ARM },	    { "armel", EM_ARM },
	{ "armv7hl", EM_ARM },	   { "ppc64el", EM_PPC64 }, { "ppc64le", EM_PPC64 },
	{ "ppc64", EM_PPC64 },	   { "s390x", EM_S390 },    { "riscv64", EM_RISCV },
	{ "mips64el", EM_MIPS },   { "mipsel", EM_MIPS },   { "loong64", 258 },
};

static bool fits(const char *architecture, uint16_t machine, bool *known)
{
	*known = true;
	if (!strcmp(architecture, "all") || !strcmp(architecture, "noarch"))
		return false;
	for (size_t i = 0; i < ARRAY_LENGTH(architectures); i++)
		if (!strcmp(architectures[i].name, architecture))
			return architectures[i].machine == machine;
	*known = false;
	return false;
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct package_info *info = subject_package(subject)->info;
	const struct ko_facts *facts;
	struct error *error = NULL;
	char buffer[32], text[160];

	if (!info->known || !info->architecture)
		return NULL;
	for (size_t at = 0;
	     !error && (facts = package_next_module(linter, subject, &at));) {
		bool known;

		/* a kernel may run programs of a narrower machine: i386 in amd64 */
		if (fits(info->architecture, facts->machine, &known) || !known ||
		    (facts->machine == EM_X86_64 && !strcmp(info->architecture, "i386") &&
		     strstr(facts->path, "amd64")))
			continue;
		snprintf(text, sizeof(text), "package for %.60s, module for %s",
			 info->architecture,
			 elf_machine_name(facts->machine, buffer, sizeof(buffer)));
		error = linter_emit(
			linter, subject,
			&(struct finding){ .path = facts->path,
					   .symbol = info->architecture,
					   .message = "the package is for another "
						      "machine than its module",
					   .evidence = text });
	}
	return error;
}

static const struct check pkg013 = { .id = "PKG013", .kind = &kind_package, .run = run };
REGISTER(check, pkg013);
