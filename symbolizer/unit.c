/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbolizer/unit.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "common/strbuf.h"
#include "symbolizer/demangle.h"
#include "symbolizer/index_build.h"

/* Names of what is inlined again and again, by the place of their origin. */
enum { NAME_CACHE = 1024 };

struct cached_name {
	Dwarf_Off origin; /* 0: empty, no DIE lies there */
	uint32_t name;
};

/* Nesting of DIEs that is followed; hostile files nest for ever. */
enum { DEPTH_LIMIT = 200 };

struct unit {
	struct index_builder *builder;
	const char *folder; /* comp_dir */
	Dwarf_Files *files;
	size_t file_count;
	uint32_t
		*file_numbers; /* number + 1 of each file of the unit, 0: not asked yet */
	struct builder_inline *inlines;
	size_t inline_count, inline_capacity;
	struct cached_name *names; /* NAME_CACHE of them */
	struct unit_range range;   /* of the rows that are wanted */
	bool failed;
};

static void unit_deinit(struct unit *unit)
{
	free(unit->file_numbers);
	free(unit->inlines);
	free(unit->names);
}

#define _unit_ __attribute__((cleanup(unit_deinit)))

/* Joins folder and name, drops "./" and "a/../". */
static void add_path(struct strbuf *out, const char *folder, const char *name)
{
	const char *sources[] = { *name == '/' ? "" : folder, name };

	for (int i = 0; i < 2; i++) {
		const char *p = sources[i];

		if (*p == '/' && !out->length)
			strbuf_addc(out, '/');
		while (*p) {
			size_t length = strcspn(p, "/");
			const char *text = strbuf_string(out);
			const char *slash = strrchr(text, '/');

			if (length == 2 && !strncmp(p, "..", 2) && slash &&
			    strcmp(slash + 1, "..")) {
				strbuf_truncate(out, slash == text ? 1 : slash - text);
			} else if (length && !(length == 1 && *p == '.')) {
				if (out->length && text[out->length - 1] != '/')
					strbuf_addc(out, '/');
				strbuf_add(out, p, length);
			}
			p += length;
			p += strspn(p, "/");
		}
	}
}

static uint32_t unit_file(struct unit *unit, size_t number)
{
	_strbuf_ struct strbuf path = STRBUF_INIT;
	const char *name;
	size_t root;

	if (number >= unit->file_count)
		return 0;
	if (unit->file_numbers[number])
		return unit->file_numbers[number] - 1;
	name = dwarf_filesrc(unit->files, number, NULL, NULL);
	if (!name)
		return 0;
	add_path(&path, unit->folder, name);
	root = strlen(unit->folder);
	if (!root || strncmp(strbuf_string(&path), unit->folder, root) ||
	    strbuf_string(&path)[root] != '/')
		root = 0;
	unit->file_numbers[number] = 1 + builder_file(unit->builder, strbuf_string(&path),
						      root ? root + 1 : 0);
	return unit->file_numbers[number] - 1;
}

static bool unit_files(struct unit *unit, Dwarf_Die *cu)
{
	Dwarf_Attribute attribute;
	const char *folder = dwarf_formstring(dwarf_attr(cu, DW_AT_comp_dir, &attribute));

	unit->folder = folder ? folder : "";
	if (dwarf_getsrcfiles(cu, &unit->files, &unit->file_count))
		unit->file_count = 0;
	unit->file_numbers = calloc(unit->file_count + 1, sizeof(*unit->file_numbers));
	unit->names = calloc(NAME_CACHE, sizeof(*unit->names));
	return unit->file_numbers && unit->names;
}

/*
 * The name of a function or of what it is an instance of. C++ and Rust have linkage
 * names, which know the namespace.
 */
static uint32_t find_name(struct unit *unit, Dwarf_Die origin)
{
	Dwarf_Attribute attribute;
	const char *name = NULL;
	Dwarf_Die next;

	for (int hops = 0; hops < 8; hops++) {
		const char *linkage = dwarf_formstring(
			dwarf_attr(&origin, DW_AT_linkage_name, &attribute));

		if (linkage) {
			_free_ char *plain = demangle(linkage);

			return builder_string(unit->builder, plain ? plain : linkage);
		}
		if (!name)
			name = dwarf_formstring(
				dwarf_attr(&origin, DW_AT_name, &attribute));
		if (!dwarf_attr(&origin, DW_AT_abstract_origin, &attribute) &&
		    !dwarf_attr(&origin, DW_AT_specification, &attribute))
			break;
		if (!dwarf_formref_die(&attribute, &next))
			break;
		origin = next;
	}
	return builder_string(unit->builder, name ? name : "");
}

/* What is inlined has its name by its origin, and most origins are met again. */
static uint32_t die_name(struct unit *unit, Dwarf_Die *die)
{
	struct cached_name *cached;
	Dwarf_Attribute attribute;
	Dwarf_Die origin;

	if (!dwarf_formref_die(dwarf_attr(die, DW_AT_abstract_origin, &attribute),
			       &origin))
		return find_name(unit, *die);
	cached = &unit->names[dwarf_dieoffset(&origin) / 8 % NAME_CACHE];
	if (cached->origin != dwarf_dieoffset(&origin))
		*cached = (struct cached_name){ dwarf_dieoffset(&origin),
						find_name(unit, origin) };
	return cached->name;
}

static Dwarf_Word die_number(Dwarf_Die *die, unsigned int name)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value = 0;

	dwarf_formudata(dwarf_attr(die, name, &attribute), &value);
	return value;
}

static void add_inlined(struct unit *unit, Dwarf_Die *die, uint32_t depth)
{
	struct builder_inline one = { .depth = depth };
	Dwarf_Addr base, start, end;
	ptrdiff_t offset = 0;
	bool named = false;

	while ((offset = dwarf_ranges(die, offset, &base, &start, &end)) > 0) {
		if (end <= start)
			continue;
		if (!named) {
			one.name = die_name(unit, die);
			one.file = unit_file(unit, die_number(die, DW_AT_call_file));
			one.line = (uint32_t)die_number(die, DW_AT_call_line);
			one.column = (uint32_t)die_number(die, DW_AT_call_column);
			named = true;
		}
		if (!array_grow(unit->inlines, unit->inline_count,
				unit->inline_capacity)) {
			unit->failed = true;
			return;
		}
		one.address = start;
		one.size = end - start;
		unit->inlines[unit->inline_count++] = one;
	}
}

/* Gathers what is inlined below @parent, at @depth inlines so far. */
static void walk_inlines(struct unit *unit, Dwarf_Die *parent, uint32_t depth,
			 int nesting)
{
	Dwarf_Die die;

	if (nesting > DEPTH_LIMIT || dwarf_child(parent, &die))
		return;
	do {
		int tag = dwarf_tag(&die);

		if (tag == DW_TAG_inlined_subroutine) {
			add_inlined(unit, &die, depth);
			walk_inlines(unit, &die, depth + 1, nesting + 1);
		} else if (tag == DW_TAG_lexical_block) {
			walk_inlines(unit, &die, depth, nesting + 1);
		}
	} while (!dwarf_siblingof(&die, &die));
}

static void add_function(struct unit *unit, Dwarf_Die *die)
{
	Dwarf_Addr base, start, end;
	ptrdiff_t offset = 0;
	bool walked = false;
	uint32_t name = 0;

	while ((offset = dwarf_ranges(die, offset, &base, &start, &end)) > 0) {
		if (end <= start)
			continue;
		if (!walked) {
			name = die_name(unit, die);
			unit->inline_count = 0;
			walk_inlines(unit, die, 0, 0);
			walked = true;
		}
		builder_function(unit->builder, start, end - start, name, unit->inlines,
				 unit->inline_count);
	}
}

/* Functions stand at the top, or in C++ and Rust within namespaces and classes. */
static void walk_functions(struct unit *unit, Dwarf_Die *parent, int nesting)
{
	Dwarf_Die die;

	if (nesting > DEPTH_LIMIT || dwarf_child(parent, &die))
		return;
	do {
		switch (dwarf_tag(&die)) {
		case DW_TAG_subprogram:
			add_function(unit, &die);
			break;
		case DW_TAG_namespace:
		case DW_TAG_module:
			walk_functions(unit, &die, nesting + 1);
			break;
		case DW_TAG_class_type:
		case DW_TAG_structure_type:
			if (nesting)
				walk_functions(unit, &die, nesting + 1);
			break;
		default:
			break;
		}
	} while (!dwarf_siblingof(&die, &die));
}

/*
 * libdw sorts all rows of a unit by address, sequences kept whole; each ends with an
 * end_sequence row.
 */
static void add_lines(struct unit *unit, Dwarf_Die *cu)
{
	_free_ struct builder_row *rows = NULL;
	size_t line_count = 0, count = 0;
	Dwarf_Lines *lines;
	bool skipping = false;

	if (dwarf_getsrclines(cu, &lines, &line_count))
		return;
	rows = malloc((line_count + 1) * sizeof(*rows));
	if (!rows) {
		unit->failed = true;
		return;
	}
	for (size_t i = 0; i < line_count; i++) {
		Dwarf_Line *line = dwarf_onesrcline(lines, i);
		struct builder_row row = { 0 };
		Dwarf_Files *files;
		size_t file = 0;
		Dwarf_Addr address = 0;
		int number = 0, column = 0;
		bool end = false;

		dwarf_lineaddr(line, &address);
		dwarf_line_file(line, &files, &file);
		dwarf_lineno(line, &number);
		dwarf_linecol(line, &column);
		dwarf_lineendsequence(line, &end);
		if (skipping) {
			skipping = !end;
			continue;
		}
		/* Of what lies before the range, the nearest may reach into it. */
		if (address < unit->range.start)
			count = 0;
		row.address = address;
		row.file = unit_file(unit, file);
		row.line = (uint32_t)number;
		row.column = (uint32_t)column;
		rows[count++] = row;
		/* What follows the range ends it as the end of a sequence would. */
		if (end || address >= unit->range.end) {
			builder_rows(unit->builder, rows, count);
			count = 0;
			skipping = !end;
		}
	}
}

struct error *unit_add(Dwarf_Die *cu, struct index_builder *builder)
{
	_unit_ struct unit unit = { .builder = builder, .range = { 0, UINT64_MAX } };

	if (!unit_files(&unit, cu))
		return error_nomem();
	walk_functions(&unit, cu, 0);
	add_lines(&unit, cu);
	return unit.failed ? error_nomem() : NULL;
}

/* The function that holds @address: at the top, or within a namespace. */
static bool find_function(Dwarf_Die *parent, uint64_t address, int nesting,
			  Dwarf_Die *ret)
{
	Dwarf_Die die;

	if (nesting > DEPTH_LIMIT || dwarf_child(parent, &die))
		return false;
	do {
		int tag = dwarf_tag(&die);
		bool type = tag == DW_TAG_class_type || tag == DW_TAG_structure_type;

		if (tag == DW_TAG_subprogram && dwarf_haspc(&die, address) > 0) {
			*ret = die;
			return true;
		}
		if ((tag == DW_TAG_namespace || tag == DW_TAG_module ||
		     (nesting && type)) &&
		    find_function(&die, address, nesting + 1, ret))
			return true;
	} while (!dwarf_siblingof(&die, &die));
	return false;
}

/* The one of the function's ranges that holds the address. */
static bool find_range(Dwarf_Die *die, uint64_t address, struct unit_range *ret)
{
	Dwarf_Addr base, start, end;
	ptrdiff_t offset = 0;

	while ((offset = dwarf_ranges(die, offset, &base, &start, &end)) > 0)
		if (address >= start && address < end) {
			*ret = (struct unit_range){ start, end };
			return true;
		}
	return false;
}

struct error *unit_add_function(Dwarf_Die *cu, uint64_t address,
				struct index_builder *builder, struct unit_range *ret)
{
	_unit_ struct unit unit = { .builder = builder };
	Dwarf_Die function;

	if (!find_function(cu, address, 0, &function) ||
	    !find_range(&function, address, ret)) {
		*ret = (struct unit_range){ 0, UINT64_MAX };
		return unit_add(cu, builder);
	}
	if (!unit_files(&unit, cu))
		return error_nomem();
	add_function(&unit, &function);
	unit.range = *ret;
	add_lines(&unit, cu);
	return unit.failed ? error_nomem() : NULL;
}

void unit_bounds(Dwarf_Die *cu, uint64_t address, struct unit_range *ret)
{
	if (!find_range(cu, address, ret))
		*ret = (struct unit_range){ address, address + 1 };
}
