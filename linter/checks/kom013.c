/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "common/strbuf.h"
#include "common/units.h"
#include "linter/subject_ko.h"

static bool is_debug(const char *name)
{
	return !strncmp(name, ".debug_", 7) || !strncmp(name, ".zdebug_", 8) ||
	       !strncmp(name, ".stab", 5);
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct elf *elf = subject_ko(subject)->ko->elf;
	_strbuf_ struct strbuf text = STRBUF_INIT;
	uint64_t size = 0;
	size_t count = 0;

	for (size_t i = 1; i < elf->section_count; i++)
		if (is_debug(elf->sections[i].name)) {
			size += elf->sections[i].size;
			count++;
		}
	if (!count)
		return NULL;
	strbuf_addf(&text, "%zu sections, ", count);
	units_add_size(&text, size);
	return linter_emit(
		linter, subject,
		&(struct finding){ .symbol = ".debug_*",
				   .message = "debug information in what ships",
				   .evidence = strbuf_string(&text),
				   .hint = "strip with --strip-debug before signing, and "
					   "keep the debug file by its build id" });
}

static const struct check kom013 = { .id = "KOM013", .kind = &kind_ko, .run = run };
REGISTER(check, kom013);
