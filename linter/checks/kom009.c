/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <elf.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "linter/subject_ko.h"

static bool begins(const char *name, const char *prefix)
{
	return !strncmp(name, prefix, strlen(prefix));
}

/*
 * Code and plain data that live as long as the module. Constants and data that become
 * constant after init may be tables that init code alone walks.
 */
static bool is_lasting(const char *name)
{
	return !strcmp(name, ".text") || begins(name, ".text.") ||
	       !strcmp(name, ".data") || begins(name, ".data.rel");
}

static bool is_passing(const char *name)
{
	return begins(name, ".init.") || begins(name, ".exit.") ||
	       begins(name, ".meminit.") || begins(name, ".memexit.");
}

/* scripts/mod/modpost.c: drivers' tables may name their probe and remove functions. */
static bool is_allowed_object(const char *name)
{
	static const char *const patterns[] = { "*driver",     "*_template", "*_timer",
						"*_sht",       "*_ops",	     "*_probe",
						"*_probe_one", "*_console" };

	for (size_t i = 0; i < ARRAY_LENGTH(patterns); i++)
		if (!fnmatch(patterns[i], name, 0))
			return true;
	return false;
}

/* One flag a section: whether it goes after loading. */
static bool *find_passing(const struct elf *elf)
{
	bool *passing = calloc(elf->section_count + 1, sizeof(*passing));

	for (size_t i = 1; passing && i < elf->section_count; i++)
		passing[i] = is_passing(elf->sections[i].name);
	return passing;
}

/*
 * One flag a symbol, for loops over relocations: whether it lies in a section that goes.
 * NULL when none does.
 */
static struct error *find_gone(const struct ko *ko, const bool *passing, bool **ret)
{
	bool *gone = NULL;

	*ret = NULL;
	for (size_t i = 0; i < ko->symbols.count; i++) {
		uint32_t section = ko->symbol_sections[i];

		if (section >= ko->elf->section_count || !passing[section])
			continue;
		if (!gone)
			gone = calloc(ko->symbols.count, sizeof(*gone));
		if (!gone)
			return error_nomem();
		gone[i] = true;
	}
	*ret = gone;
	return NULL;
}

/* The function or object of @section that covers @offset. */
static bool find_holder(const struct ko *ko, uint32_t section, uint64_t offset,
			struct elf_symbol *ret)
{
	struct elf_symbol s;

	for (size_t i = 1; i < ko->symbols.count && elf_symbol_at(&ko->symbols, i, &s);
	     i++) {
		if (s.section != section || offset < s.value ||
		    (s.type != STT_FUNC && s.type != STT_OBJECT) ||
		    offset - s.value >= (s.size ? s.size : 1))
			continue;
		*ret = s;
		return true;
	}
	return false;
}

static struct error *tell(struct linter *linter, const struct subject *subject,
			  const char *from, const char *holder, const char *to,
			  const char *target)
{
	char text[512];

	snprintf(text, sizeof(text), "%.80s in %.60s refers to %.80s in %.60s", holder,
		 from, target, to);
	return linter_emit(
		linter, subject,
		&(struct finding){
			.symbol = holder,
			.message =
				begins(to, ".init")
					? "code or data that stays refers to init code, "
					  "which is gone after loading"
					: "code or data that stays refers to exit code, "
					  "which may not be there",
			.evidence = text,
			.hint = "take __init or __exit away, or mark the other side too" });
}

static struct error *look_at(struct linter *linter, const struct subject *subject,
			     const struct elf_section *rela,
			     const struct elf_section *from, const bool *gone)
{
	const struct ko *ko = subject_ko(subject)->ko;
	bool code = from->flags & SHF_EXECINSTR;
	struct elf_table table;

	if (!elf_relocations(ko->elf, rela, &table))
		return NULL;
	for (size_t i = 0;; i++) {
		struct elf_symbol target, holder = { .name = from->name };
		struct elf_relocation r;
		const char *to;

		i = elf_relocation_to_marked(&table, i, gone, ko->symbols.count);
		if (!elf_relocation_at(&table, i, &r))
			break;
		if (!elf_symbol_at(&ko->symbols, r.symbol, &target))
			continue;
		to = ko->elf->sections[ko_section_of(ko, &r)].name;
		find_holder(ko, from->index, r.offset, &holder);
		if (!code && is_allowed_object(holder.name))
			continue;
		return tell(linter, subject, from->name, holder.name, to,
			    *target.name ? target.name : to);
	}
	return NULL;
}

/* A bit for the beginning of a name, to tell most names without looking them up. */
static uint64_t begin_bit(const char *name)
{
	unsigned int hash = (unsigned char)name[0];

	for (int i = 1; i < 6 && name[i]; i++)
		hash = hash * 31 + (unsigned char)name[i];
	return 1ULL << ((hash * 2654435761u) >> 26);
}

/* A static function of one file may have the name of an exported one of another. */
static bool is_defined_globally(const struct ko *ko, const char *name)
{
	struct elf_symbol s;

	for (size_t i = 1; i < ko->symbols.count && elf_symbol_at(&ko->symbols, i, &s);
	     i++)
		if (s.bind != STB_LOCAL && s.section != SHN_UNDEF &&
		    !strcmp(s.name, name))
			return true;
	return false;
}

static struct error *look_at_exports(struct linter *linter, const struct subject *subject,
				     const bool *passing)
{
	const struct ko *ko = subject_ko(subject)->ko;
	struct error *error = NULL;
	uint64_t begins_with = 0;
	struct elf_symbol s;

	for (size_t i = 0; i < ko->export_count; i++)
		begins_with |= begin_bit(ko->exports[i].name);
	for (size_t i = 1; !error && ko->export_count && i < ko->symbols.count; i++) {
		uint32_t section = ko->symbol_sections[i];
		bool gone;

		if (!section || section >= ko->elf->section_count ||
		    !elf_symbol_at(&ko->symbols, i, &s) || !*s.name ||
		    !(begins_with & begin_bit(s.name)))
			continue;
		gone = passing[section];
		if ((s.bind != STB_LOCAL && !gone) || !ko_find_export(ko, s.name) ||
		    (s.bind == STB_LOCAL && is_defined_globally(ko, s.name)))
			continue;
		error = linter_emit(
			linter, subject,
			&(struct finding){
				.symbol = s.name,
				.message = gone ? "exported although it is gone after "
						  "loading"
						: "exported although it is static",
				.evidence = ko->elf->sections[section].name });
	}
	return error;
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct ko *ko = subject_ko(subject)->ko;
	_free_ bool *passing = NULL, *gone = NULL;
	struct error *error = NULL;

	if (!ko->has_symbols)
		return NULL;
	passing = find_passing(ko->elf);
	if (!passing)
		return error_nomem();
	error = find_gone(ko, passing, &gone);
	for (size_t i = 1; gone && !error && i < ko->elf->section_count; i++) {
		const struct elf_section *s = &ko->elf->sections[i];

		if ((s->type == SHT_RELA || s->type == SHT_REL) &&
		    s->info < ko->elf->section_count &&
		    is_lasting(ko->elf->sections[s->info].name))
			error = look_at(linter, subject, s, &ko->elf->sections[s->info],
					gone);
	}
	return error ? error : look_at_exports(linter, subject, passing);
}

static const struct check kom009 = { .id = "KOM009", .kind = &kind_ko, .run = run };
REGISTER(check, kom009);
