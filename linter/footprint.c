/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/footprint.h"

#include <elf.h>
#include <string.h>

#include "readers/elf.h"

enum group { GROUP_TEXT, GROUP_RO, GROUP_RO_AFTER_INIT, GROUP_RW, GROUP_COUNT };

static enum group group_of(const struct elf_section *s)
{
	if (s->flags & SHF_EXECINSTR)
		return GROUP_TEXT;
	if (!(s->flags & SHF_WRITE))
		return GROUP_RO;
	if (!strcmp(s->name, ".data..ro_after_init") || !strcmp(s->name, "__jump_table"))
		return GROUP_RO_AFTER_INIT;
	return GROUP_RW;
}

static uint64_t round_up(uint64_t n, uint64_t to)
{
	return to > 1 && n % to ? n + (to - n % to) : n;
}

void footprint_measure(const struct elf *elf, uint64_t page, struct footprint *ret)
{
	uint64_t groups[2][GROUP_COUNT] = { { 0 } };

	*ret = (struct footprint){ 0 };
	for (size_t i = 1; i < elf->section_count; i++) {
		const struct elf_section *s = &elf->sections[i];
		bool init = !strncmp(s->name, ".init", 5);
		uint64_t *group = &groups[init][group_of(s)];

		/* the loader copies neither; sizes beyond any module are a broken file's
		 */
		if (!(s->flags & SHF_ALLOC) || !strcmp(s->name, ".modinfo") ||
		    !strncmp(s->name, "__version", 9) || s->size > 1ULL << 40)
			continue;
		*group = round_up(*group, s->align < page ? s->align : page) + s->size;
	}
	for (size_t g = 0; g < GROUP_COUNT; g++) {
		ret->core_exact += groups[0][g];
		ret->init_exact += groups[1][g];
		ret->core += round_up(groups[0][g], page);
		ret->init += round_up(groups[1][g], page);
	}
}
