/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/load_table.h"

#include <string.h>

#include "common/error.h"
#include "common/strbuf.h"
#include "common/style.h"
#include "linter/load.h"
#include "report/json.h"

static struct error *reason_to_json(const struct obstacle *obstacle, json_t **ret)
{
	struct json_builder b;

	json_builder_init(&b);
	json_builder_string(&b, "kind", obstacle_name(obstacle->kind));
	if (*obstacle->symbol)
		json_builder_string(&b, "symbol", obstacle->symbol);
	json_builder_string(&b, "detail", obstacle->detail);
	return json_builder_finish(&b, ret);
}

static struct error *cell_to_json(const struct load_cell *cell, json_t **ret)
{
	json_t *reasons = json_array();
	struct json_builder b;
	struct error *error = reasons ? NULL : error_nomem();

	for (size_t i = 0; !error && i < cell->count; i++) {
		json_t *reason = NULL;

		error = reason_to_json(&cell->obstacles[i], &reason);
		if (!error)
			json_array_append_new(reasons, reason);
	}
	if (error) {
		json_decref(reasons);
		return error;
	}
	json_builder_init(&b);
	json_builder_string(&b, "target", cell->target->label);
	json_builder_string(&b, "loads",
			    cell->count	   ? "no"
			    : cell->unsure ? "unknown"
					   : "yes");
	json_builder_value(&b, "reasons", reasons);
	return json_builder_finish(&b, ret);
}

struct error *load_table_add(json_t *table, const struct load *load)
{
	json_t *cells = json_array(), *row = NULL;
	struct json_builder b;
	struct error *error = cells ? NULL : error_nomem();

	for (size_t i = 0; !error && i < load->count; i++) {
		json_t *cell = NULL;

		error = cell_to_json(&load->cells[i], &cell);
		if (!error)
			json_array_append_new(cells, cell);
	}
	if (error) {
		json_decref(cells);
		return error;
	}
	json_builder_init(&b);
	json_builder_string(&b, "module", load->facts->name);
	json_builder_string(&b, "path", load->facts->path);
	json_builder_value(&b, "targets", cells);
	error = json_builder_finish(&b, &row);
	if (!error && json_array_append_new(table, row))
		error = error_nomem();
	return error;
}

/* "crc: kmalloc, kfree and 4 more" of the reasons of one kind from @first on. */
static void add_reasons(const json_t *reasons, struct strbuf *out)
{
	enum { SHOWN = 4 };
	const char *done[OBSTACLE_KINDS];
	size_t done_count = 0;

	for (size_t i = 0; i < json_array_size(reasons); i++) {
		const char *kind = json_text(json_array_get(reasons, i), "kind");
		size_t shown = 0, count = 0;
		bool seen = false;

		for (size_t k = 0; k < done_count; k++)
			seen |= !strcmp(done[k], kind);
		if (seen || done_count == OBSTACLE_KINDS)
			continue;
		done[done_count++] = kind;
		strbuf_addf(out, "%s%s", done_count > 1 ? "; " : "", kind);
		for (size_t k = i; k < json_array_size(reasons); k++) {
			const json_t *r = json_array_get(reasons, k);
			const char *symbol = json_text(r, "symbol");

			if (strcmp(json_text(r, "kind"), kind))
				continue;
			if (count++ < SHOWN && ++shown)
				strbuf_addf(out, "%s %s", shown > 1 ? "," : "",
					    *symbol ? symbol : json_text(r, "detail"));
		}
		if (count > shown)
			strbuf_addf(out, " and %zu more", count - shown);
	}
}

static bool loads_everywhere(const json_t *row)
{
	const json_t *cells = json_object_get(row, "targets");

	for (size_t i = 0; i < json_array_size(cells); i++)
		if (strcmp(json_text(json_array_get(cells, i), "loads"), "yes"))
			return false;
	return true;
}

static void add_row(const json_t *row, const struct style *s, struct strbuf *out)
{
	const json_t *cells = json_object_get(row, "targets");

	strbuf_addf(out, "  %s%s%s\n", s->bold, json_text(row, "module"), s->reset);
	for (size_t i = 0; i < json_array_size(cells); i++) {
		const json_t *cell = json_array_get(cells, i);
		const char *loads = json_text(cell, "loads");

		strbuf_addf(out, "    %-28s %s%-7s%s ", json_text(cell, "target"),
			    !strcmp(loads, "yes")  ? s->green
			    : !strcmp(loads, "no") ? s->red
						   : s->yellow,
			    loads, s->reset);
		if (!strcmp(loads, "unknown"))
			strbuf_adds(out, "nothing speaks against it, but the vermagic of "
					 "the target is not known");
		add_reasons(json_object_get(cell, "reasons"), out);
		while (out->length && out->data[out->length - 1] == ' ')
			strbuf_truncate(out, out->length - 1);
		strbuf_addc(out, '\n');
	}
}

/* Few modules are shown in full; of many only those that do not load everywhere. */
static void write_text(const json_t *value, const struct style *s, struct strbuf *out)
{
	enum { FEW = 20, MANY = 60 };
	size_t rows = json_array_size(value), shown = 0, fine = 0;

	strbuf_addf(out, "\n%sWill it load?%s\n", s->bold, s->reset);
	for (size_t i = 0; i < rows; i++) {
		const json_t *row = json_array_get(value, i);
		bool everywhere = loads_everywhere(row);

		fine += everywhere;
		if ((rows > FEW && everywhere) || shown >= MANY)
			continue;
		shown++;
		add_row(row, s, out);
	}
	if (rows > FEW)
		strbuf_addf(out, "  %zu of %zu modules load on every target", fine, rows);
	if (rows > FEW && rows - fine > shown)
		strbuf_addf(out, "; %zu more that do not are in the JSON report",
			    rows - fine - shown);
	if (rows > FEW)
		strbuf_addc(out, '\n');
}

const struct section section_load = {
	.name = "load",
	.text = write_text,
	.order = -1,
};
