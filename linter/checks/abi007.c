/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Structures that the module was compiled with (its DWARF) against those of the target
 * (its BTF): same name, other size or other place of a member. Structures that the
 * module's own sources define are not in the target, and are left alone.
 */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/array.h"
#include "common/error.h"
#include "common/file.h"
#include "common/strbuf.h"
#include "linter/linux_target.h"
#include "linter/subject_ko.h"
#include "linter/target_types.h"

enum { SHOWN = 8 };

struct comparison {
	const struct target_types *types;
	struct strbuf changed;
	size_t count, looked_at;
	char **seen; /* names already compared, sorted */
	size_t seen_count, seen_capacity;
};

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* One definition of a name is enough: a header gives each unit the same. */
static bool is_new(struct comparison *c, const char *name)
{
	char *copy;

	if (c->seen_count &&
	    bsearch(&name, c->seen, c->seen_count, sizeof(*c->seen), compare_names))
		return false;
	copy = strdup(name);
	if (!copy || !array_grow(c->seen, c->seen_count, c->seen_capacity)) {
		free(copy);
		return false;
	}
	c->seen[c->seen_count++] = copy;
	qsort(c->seen, c->seen_count, sizeof(*c->seen), compare_names);
	return true;
}

/* Bytes from the start of its structure; false: a bit field, or not said. */
static bool member_offset(Dwarf_Die *die, uint64_t *ret)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;

	if (dwarf_hasattr(die, DW_AT_bit_size) ||
	    !dwarf_attr(die, DW_AT_data_member_location, &attribute) ||
	    dwarf_formudata(&attribute, &value))
		return false;
	*ret = value;
	return true;
}

/* The first member that lies elsewhere, described in @out. */
static bool members_differ(const struct target_types *types, const char *name,
			   Dwarf_Die *structure, struct strbuf *out)
{
	Dwarf_Die member;

	if (dwarf_child(structure, &member))
		return false;
	do {
		const char *text = dwarf_diename(&member);
		uint64_t here, there;

		if (dwarf_tag(&member) != DW_TAG_member || !text ||
		    !member_offset(&member, &here))
			continue;
		if (!target_types_member(types, name, text, &there)) {
			strbuf_addf(out, "struct %s has no member %s there", name, text);
			return true;
		}
		if (here != there) {
			strbuf_addf(out, "struct %s: %s at byte %llu, there at %llu",
				    name, text, (unsigned long long)here,
				    (unsigned long long)there);
			return true;
		}
	} while (!dwarf_siblingof(&member, &member));
	return false;
}

static void compare_structure(struct comparison *c, Dwarf_Die *die)
{
	_strbuf_ struct strbuf text = STRBUF_INIT;
	const char *name = dwarf_diename(die), *file = dwarf_decl_file(die);
	int size = dwarf_bytesize(die);
	uint64_t there;

	/* the driver's own structures may have a kernel's name */
	if (!file || !strstr(file, "include/"))
		return;
	if (!name || size <= 0 || dwarf_hasattr(die, DW_AT_declaration) ||
	    !is_new(c, name) || !target_types_size(c->types, name, &there))
		return;
	c->looked_at++;
	if (there != (uint64_t)size)
		strbuf_addf(&text, "struct %s: %d bytes, there %llu", name, size,
			    (unsigned long long)there);
	else if (!members_differ(c->types, name, die, &text))
		return;
	if (c->count++ < SHOWN)
		strbuf_addf(&c->changed, "%s%s", c->changed.length ? "\n" : "",
			    strbuf_string(&text));
}

static void compare_unit(struct comparison *c, Dwarf_Die *unit)
{
	Dwarf_Die die;

	if (dwarf_child(unit, &die))
		return;
	do {
		if (dwarf_tag(&die) == DW_TAG_structure_type)
			compare_structure(c, &die);
	} while (!dwarf_siblingof(&die, &die));
}

/* A relocatable file's DWARF needs its relocations applied: libdwfl does that. */
static struct error *compare_module(struct comparison *c, struct span bytes,
				    const char *path)
{
	static const Dwfl_Callbacks callbacks = {
		.find_elf = dwfl_build_id_find_elf,
		.find_debuginfo = dwfl_standard_find_debuginfo,
		.section_address = dwfl_offline_section_address,
	};
	Dwfl *dwfl = dwfl_begin(&callbacks);
	Dwfl_Module *module;
	Dwarf_Addr bias;
	Dwarf_Die *unit = NULL;
	_free_ char *copy = malloc(bytes.size ? bytes.size : 1);

	if (!dwfl || !copy) {
		dwfl_end(dwfl);
		return error_nomem();
	}
	memcpy(copy, bytes.data, bytes.size);
	module = dwfl_report_offline_memory(dwfl, "module", path, copy, bytes.size);
	dwfl_report_end(dwfl, NULL, NULL);
	while (module && (unit = dwfl_module_nextcu(module, unit, &bias)))
		compare_unit(c, unit);
	dwfl_end(dwfl);
	return module ? NULL
		      : error_new(ERROR_INPUT, "its debug information cannot be read: %s",
				  dwfl_errmsg(-1));
}

/*
 * Debug information that was put apart: below .build-id/ beside the module or in the
 * system's folder, or NAME.ko.debug beside it, if it is of this very build. False: none.
 */
static bool find_debug_file(const struct subject *subject, struct mapping *ret)
{
	const struct elf *elf = subject_ko(subject)->ko->elf;
	const char *disk = subject->member ? subject->member->disk : NULL;
	const char *slash = disk ? strrchr(disk, '/') : NULL;
	int folder = slash ? (int)(slash - disk) : 0;
	char id[2 * 64 + 1], own[2 * 64 + 1];

	if (!elf_build_id(elf, own, sizeof(own)))
		return false;
	for (int i = disk ? 0 : 2; i < 3; i++) {
		_cleanup_(elf_reader_destroy) struct elf *debug = NULL;
		_error_ struct error *error = NULL;
		_free_ char *path = NULL;
		int n = !i ? asprintf(&path, "%.*s%s.build-id/%.2s/%s.debug", folder,
				      slash ? disk : "", slash ? "/" : "", own, own + 2)
			: i == 1 ? asprintf(&path, "%s.debug", disk)
				 : asprintf(&path,
					    "/usr/lib/debug/.build-id/%.2s/%s.debug", own,
					    own + 2);

		if (n < 0)
			return path = NULL, false;
		if (access(path, R_OK))
			continue;
		error = file_map(path, ret);
		if (!error)
			error = elf_reader_create(path, ret->bytes, &debug);
		if (!error && elf_build_id(debug, id, sizeof(id)) && !strcmp(id, own) &&
		    elf_find(debug, ".debug_info"))
			return true;
		file_unmap(ret);
	}
	return false;
}

static struct error *hold(struct linter *linter, const struct subject *subject,
			  const struct linux_target *target, struct span debug)
{
	struct comparison c = { .changed = STRBUF_INIT };
	struct error *error = NULL;
	char message[96];

	error = target_types_get(linter, target, &c.types);
	if (error || !c.types) {
		_error_ struct error *why = error;

		return linter_not_checked(
			linter, false, "ABI007", target->label, "%s",
			why ? error_message(why)
			    : "no BTF of that kernel (vmlinux, vmlinuz)");
	}
	error = compare_module(&c, debug, subject->path);
	if (!error && c.count) {
		snprintf(message, sizeof(message),
			 "%zu of %zu structures it was compiled with are others there",
			 c.count, c.looked_at);
		error = linter_emit(
			linter, subject,
			&(struct finding){ .symbol = target->label,
					   .message = message,
					   .evidence = strbuf_string(&c.changed) });
	}
	for (size_t i = 0; i < c.seen_count; i++)
		free(c.seen[i]);
	free(c.seen);
	strbuf_deinit(&c.changed);
	return error;
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	const struct linux_targets *targets = linter_linux_targets(linter);
	const struct ko *ko = subject_ko(subject)->ko;
	_mapping_ struct mapping apart = { 0 };
	struct span debug = ko->body;
	struct error *error = NULL;

	if (!targets)
		return linter_not_checked(linter, false, "ABI007", NULL,
					  "no kernel to compare with (--target)");
	if (!elf_find(ko->elf, ".debug_info")) {
		if (!find_debug_file(subject, &apart))
			return linter_not_checked(
				linter, false, "ABI007", NULL,
				"some modules have no debug information, from which "
				"structures are read, nor a debug file by their build-id");
		debug = apart.bytes;
	}
	for (size_t i = 0; !error && i < targets->count; i++)
		error = hold(linter, subject, &targets->items[i], debug);
	return error;
}

static const struct check abi007 = { .id = "ABI007", .kind = &kind_ko, .run = run };
REGISTER(check, abi007);
