/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "common/strbuf.h"
#include "linter/arena.h"
#include "linter/load_table.h"

/* All exports of the run's modules, sorted by the address of their interned name. */
struct exporter {
	const char *name;
	const struct ko_facts *module;
	const struct ko_fact_export *export;
};

struct resolver {
	const struct linux_targets *targets;
	const struct ko_set *set;
	struct exporter *exporters;
	size_t exporter_count;
};

const char *obstacle_name(enum obstacle_kind kind)
{
	static const char *const names[] = { "symbol",	"crc",	     "vermagic",
					     "license", "namespace", "dependency",
					     "versions" };

	return names[kind];
}

bool load_cell_has(const struct load_cell *cell, enum obstacle_kind kind,
		   const char *symbol)
{
	for (size_t i = 0; i < cell->count; i++)
		if (cell->obstacles[i].kind == kind &&
		    (!symbol || !strcmp(cell->obstacles[i].symbol, symbol)))
			return true;
	return false;
}

size_t load_cell_list(const struct load_cell *cell, enum obstacle_kind kind,
		      struct strbuf *out)
{
	enum { SHOWN = 6 };
	size_t count = 0;

	for (size_t i = 0; i < cell->count; i++) {
		if (cell->obstacles[i].kind != kind)
			continue;
		if (count < SHOWN)
			strbuf_addf(out, "%s%s", count ? ", " : "",
				    cell->obstacles[i].symbol);
		count++;
	}
	if (count > SHOWN)
		strbuf_addf(out, " and %zu more", count - SHOWN);
	return count;
}

bool resolution_gpl(const struct resolution *r)
{
	return r->entry ? r->entry->gpl : r->export && r->export->gpl;
}

const char *resolution_space(const struct resolution *r, char *buffer, size_t size)
{
	if (r->entry)
		snprintf(buffer, size, "%.*s", (int)r->entry->space.size,
			 (const char *)r->entry->space.data);
	else
		snprintf(buffer, size, "%s", r->export ? r->export->space : "");
	return buffer;
}

static int compare_exporters(const void *a, const void *b)
{
	const struct exporter *x = a, *y = b;

	return x->name < y->name ? -1 : x->name > y->name;
}

static struct error *gather_exporters(struct resolver *r)
{
	size_t count = 0, at = 0;

	for (size_t i = 0; i < r->set->count; i++)
		count += r->set->modules[i]->export_count;
	r->exporters = calloc(count + 1, sizeof(*r->exporters));
	if (!r->exporters)
		return error_nomem();
	for (size_t i = 0; i < r->set->count; i++)
		for (size_t k = 0; k < r->set->modules[i]->export_count; k++)
			r->exporters[at++] =
				(struct exporter){ r->set->modules[i]->exports[k].name,
						   r->set->modules[i],
						   &r->set->modules[i]->exports[k] };
	r->exporter_count = count;
	if (count)
		qsort(r->exporters, count, sizeof(*r->exporters), compare_exporters);
	return NULL;
}

static void resolve(const struct resolver *r, const struct linux_target *target,
		    const struct ko_facts *facts, const char *name,
		    struct resolution *ret)
{
	struct exporter key = { .name = name };
	const struct exporter *found;

	*ret = (struct resolution){ .entry = symvers_find(target->symvers, name) };
	if (ret->entry || !r->exporter_count)
		return;
	found = bsearch(&key, r->exporters, r->exporter_count, sizeof(key),
			compare_exporters);
	if (found && found->module != facts) {
		ret->module = found->module;
		ret->export = found->export;
	}
}

static struct error *add(struct load_cell *cell, enum obstacle_kind kind,
			 const char *symbol, const char *detail)
{
	if (!array_grow(cell->obstacles, cell->count, cell->capacity))
		return error_nomem();
	cell->obstacles[cell->count++] = (struct obstacle){ kind, symbol, detail };
	return NULL;
}

/* Names that linkers and compilers leave undefined, and kernels never look up. */
static bool is_linkers(const char *name)
{
	return !strcmp(name, "_GLOBAL_OFFSET_TABLE_") || !strcmp(name, ".TOC.") ||
	       !strcmp(name, "__gnu_lto_slim");
}

static bool imports_space(const struct ko_facts *facts, const char *space)
{
	for (size_t i = 0; i < facts->space_count; i++)
		if (!strcmp(facts->spaces[i], space))
			return true;
	return false;
}

static struct error *hold_symbol(struct arena *arena, struct load_cell *cell,
				 const struct ko_facts *facts,
				 const struct ko_fact_import *import,
				 const struct resolution *r)
{
	bool has_crc = r->entry ? r->entry->crc : r->export && r->export->has_crc;
	uint32_t crc = r->entry ? r->entry->crc : r->export ? r->export->crc : 0;
	struct error *error = NULL;
	char buffer[128];

	if (!is_resolved(r))
		return import->weak || is_linkers(import->name)
			       ? NULL
			       : add(cell, OBSTACLE_SYMBOL, import->name, "not exported");
	if (resolution_gpl(r) && !facts->gpl)
		error = add(cell, OBSTACLE_LICENSE, import->name,
			    "for GPL-compatible modules only");
	resolution_space(r, buffer, sizeof(buffer));
	if (!error && *buffer && !imports_space(facts, buffer))
		error = add(cell, OBSTACLE_NAMESPACE, import->name,
			    arena_intern(arena, buffer));
	if (!error && cell->target->modversions && import->has_crc && has_crc &&
	    crc != import->crc) {
		snprintf(buffer, sizeof(buffer), "built for 0x%08x, there 0x%08x",
			 import->crc, crc);
		error = add(cell, OBSTACLE_CRC, import->name,
			    arena_string(arena, buffer));
	}
	return error;
}

/* kernel/module/version.c, same_magic(): with versions the release is not compared. */
static struct error *hold_vermagic(struct arena *arena, struct load_cell *cell,
				   const struct ko_facts *facts)
{
	const struct linux_target *t = cell->target;
	const char *own = facts->vermagic ? facts->vermagic : "";
	size_t release = vermagic_release(own);
	const char *rest = own[release] ? own + release + 1 : "";
	char text[512];

	if (!t->vermagic || !t->release) {
		cell->unsure = true;
		return NULL;
	}
	/* what follows the known words is the architecture's: the same for one machine */
	if (!strncmp(rest, t->vermagic, strlen(t->vermagic)) &&
	    (facts->has_versions ||
	     (strlen(t->release) == release && !strncmp(own, t->release, release))))
		return NULL;
	snprintf(text, sizeof(text), "built for \"%.200s\", there \"%.100s %.100s\"", own,
		 t->release, t->vermagic);
	return add(cell, OBSTACLE_VERMAGIC, "", arena_string(arena, text));
}

static struct error *hold_versions(struct load_cell *cell, const struct ko_facts *facts)
{
	if (!cell->target->modversions)
		return NULL;
	if (!facts->has_versions)
		return add(cell, OBSTACLE_VERSIONS, "",
			   "the kernel wants symbol versions, the module has none");
	if (facts->only_extended && !cell->target->extended)
		return add(cell, OBSTACLE_VERSIONS, "",
			   "the module has extended versions only, the kernel reads "
			   "none of them");
	return NULL;
}

static bool in_set(const struct ko_set *set, const char *name)
{
	for (size_t i = 0; i < set->count; i++)
		if (!strcmp(set->modules[i]->name, name))
			return true;
	return false;
}

static struct error *hold_dependencies(const struct ko_set *set, struct load_cell *cell,
				       const struct ko_facts *facts)
{
	struct error *error = NULL;

	for (size_t i = 0; !error && i < facts->depend_count; i++) {
		const char *name = facts->depends[i];

		if (!linux_target_has_module(cell->target, name) && !in_set(set, name))
			error = add(cell, OBSTACLE_DEPENDENCY, name,
				    "neither the kernel nor what was looked at has it");
	}
	return error;
}

static struct error *fill_cell(const struct resolver *r, const struct ko_facts *facts,
			       struct load_cell *cell)
{
	struct arena *arena = r->set->arena;
	struct resolution *resolutions =
		calloc(facts->import_count + 1, sizeof(*resolutions));
	struct error *error = NULL;

	if (!resolutions)
		return error_nomem();
	cell->resolutions = resolutions;
	for (size_t i = 0; !error && i < facts->import_count; i++) {
		resolve(r, cell->target, facts, facts->imports[i].name, &resolutions[i]);
		error = hold_symbol(arena, cell, facts, &facts->imports[i],
				    &resolutions[i]);
	}
	if (!error)
		error = hold_vermagic(arena, cell, facts);
	if (!error)
		error = hold_versions(cell, facts);
	if (!error)
		error = hold_dependencies(r->set, cell, facts);
	return error;
}

static void load_deinit(struct load *load)
{
	for (size_t i = 0; load->cells && i < load->count; i++) {
		free((void *)load->cells[i].resolutions);
		free(load->cells[i].obstacles);
	}
	free(load->cells);
}

static struct error *hold(struct linter *linter, const struct resolver *r,
			  const struct ko_facts *facts, json_t *table)
{
	struct load load = { .facts = facts, .count = r->targets->count };
	struct error *error = NULL;

	load.cells = calloc(load.count, sizeof(*load.cells));
	if (!load.cells)
		return error_nomem();
	for (size_t i = 0; !error && i < load.count; i++) {
		load.cells[i].target = &r->targets->items[i];
		error = fill_cell(r, facts, &load.cells[i]);
	}
	if (!error)
		error = linter_subject(linter, &(struct subject){ .kind = &kind_ko_load,
								  .path = facts->path,
								  .model = &load });
	if (!error)
		error = load_table_add(table, &load);
	load_deinit(&load);
	return error;
}

static struct error *finish(struct linter *linter)
{
	struct resolver r = { .targets = linter_linux_targets(linter),
			      .set = linter_modules(linter) };
	struct error *error = NULL;
	json_t *table;

	if (!r.set || !r.set->count)
		return NULL;
	if (!r.targets)
		return linter_wants(linter, &kind_ko_load)
			       ? linter_not_checked(
					 linter, false,
					 "ABI001 to ABI006, KOM006 to KOM008", NULL,
					 "no kernel to hold the modules against "
					 "(--target)")
			       : NULL;
	table = json_array();
	error = table ? gather_exporters(&r) : error_nomem();
	for (size_t i = 0; !error && i < r.set->count; i++)
		error = hold(linter, &r, r.set->modules[i], table);
	free(r.exporters);
	if (error) {
		json_decref(table);
		return error;
	}
	return report_add_section(linter->report, &section_load, table);
}

static struct error *visit(struct linter *linter, struct bundle *bundle)
{
	(void)linter;
	(void)bundle;
	return NULL;
}

const struct subject_kind kind_ko_load = {
	.name = "ko-load",
	.order = 90,
	.visit = visit,
	.finish = finish,
};
REGISTER(subject_kind, kind_ko_load);
