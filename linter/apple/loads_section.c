/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/apple/loads_section.h"

#include <string.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/strbuf.h"
#include "common/style.h"
#include "linter/apple/subject_kext.h"
#include "report/json.h"

enum { MISSING_LIMIT = 12, NARROWEST = 14, WIDEST = 40 };

/* Why one import does not resolve on one release. */
static void add_import_reason(const struct kext_set *set, const struct kext_slice *slice,
			      const struct kext_import *import,
			      const struct import_use *use, unsigned int darwin,
			      struct strbuf *out)
{
	kpi_releases anywhere =
		kpi_anywhere(set->kpi, import->kpi, slice->kpi_arch, false);

	strbuf_addf(out, "%s: ", import->name);
	if (use->undeclared >> darwin & 1) {
		strbuf_adds(out, "in ");
		kpi_add_exporters(set->kpi, import->kpi, slice->kpi_arch, 1u << darwin,
				  out);
		strbuf_adds(out, ", which is not declared");
	} else if (!anywhere) {
		strbuf_adds(out, "in no library of the kernel");
	} else if (releases_last(anywhere) < darwin) {
		strbuf_addf(out, "gone since %s",
			    kpi_release_darwin(set->kpi, releases_last(anywhere))->macos);
	} else if (releases_first(anywhere) > darwin) {
		strbuf_addf(
			out, "not there before %s",
			kpi_release_darwin(set->kpi, releases_first(anywhere))->macos);
	} else {
		strbuf_adds(out, "not exported by this release");
	}
}

static void add_string(json_t *array, const struct strbuf *text)
{
	json_array_append_new(array, json_any_string(strbuf_string(text)));
}

static void add_library_reasons(const struct kext *kext, const struct kext_slice *slice,
				unsigned int darwin, json_t *why)
{
	for (size_t i = 0; i < kext->loads->library_count; i++) {
		const struct library_use *l = &kext->loads->libraries[i];
		_strbuf_ struct strbuf text = STRBUF_INIT;

		if (!(l->archs >> slice->kpi_arch & 1))
			continue;
		strbuf_addf(&text, "%s %s: ", l->identifier,
			    l->wanted.text ? l->wanted.text : "");
		if (l->compatibility && slice->is64)
			strbuf_adds(&text, "not for 64-bit kexts");
		else if (l->absent >> darwin & 1)
			strbuf_adds(&text, "the release has no such library");
		else if (l->older >> darwin & 1)
			strbuf_adds(&text, "newer than what is there");
		else if (l->incompatible >> darwin & 1)
			strbuf_adds(&text, "older than its compatible version");
		else if (!l->unknown && !(l->ok >> darwin & 1))
			strbuf_adds(&text, "its version cannot be read");
		else
			continue;
		add_string(why, &text);
	}
}

static size_t add_import_reasons(const struct kext_set *set, const struct kext *kext,
				 size_t index, unsigned int darwin, json_t *why)
{
	const struct kext_slice *slice = &kext->slices[index];
	const struct slice_loads *loads = &kext->loads->slices[index];
	size_t missing = 0;

	for (size_t i = 0; i < slice->import_count; i++) {
		_strbuf_ struct strbuf text = STRBUF_INIT;

		if (slice->imports[i].weak || loads->imports[i].elsewhere ||
		    loads->imports[i].resolved >> darwin & 1)
			continue;
		if (missing++ >= MISSING_LIMIT)
			continue;
		add_import_reason(set, slice, &slice->imports[i], &loads->imports[i],
				  darwin, &text);
		add_string(why, &text);
	}
	return missing;
}

static size_t count_elsewhere(const struct kext_slice *slice,
			      const struct slice_loads *loads)
{
	size_t count = 0;

	for (size_t i = 0; i < slice->import_count; i++)
		count += (loads->imports[i].elsewhere || loads->imports[i].perhaps) &&
			 !slice->imports[i].weak;
	return count;
}

static struct error *release_cell(const struct kext_set *set, const struct kext *kext,
				  size_t index, unsigned int darwin, json_t **ret)
{
	const struct kext_slice *slice = &kext->slices[index];
	const struct slice_loads *loads = &kext->loads->slices[index];
	const char *status = loads->loads >> darwin & 1	    ? "loads"
			     : loads->unknown >> darwin & 1 ? "undecided"
							    : "fails";
	struct json_builder b;
	json_t *why = json_array();

	json_builder_init(&b);
	json_builder_string(&b, "status", status);
	if (*status == 'f') {
		if (!slice->has_kmod)
			json_array_append_new(why, json_string("no kmod_info"));
		add_library_reasons(kext, slice, darwin, why);
		json_builder_integer(&b, "missing",
				     add_import_reasons(set, kext, index, darwin, why));
	} else if (*status == 'u') {
		for (size_t i = 0; i < kext->loads->all_count; i++) {
			_strbuf_ struct strbuf text = STRBUF_INIT;

			if (!kext->loads->libraries[i].unknown)
				continue;
			strbuf_addf(&text, "%s is not at hand",
				    kext->loads->libraries[i].identifier);
			add_string(why, &text);
		}
		json_builder_integer(&b, "undecided", count_elsewhere(slice, loads));
	}
	if (json_array_size(why))
		json_builder_value(&b, "why", why);
	else
		json_decref(why);
	return json_builder_finish(&b, ret);
}

static struct error *slice_row(const struct kext_set *set, const struct kext *kext,
			       size_t index, json_t **ret)
{
	const struct slice_loads *loads = &kext->loads->slices[index];
	struct json_builder b, releases;
	struct error *error = NULL;
	json_t *object = NULL;

	json_builder_init(&releases);
	for (size_t i = 0; i < set->kpi->release_count && !error; i++) {
		const struct kpi_release *r = &set->kpi->releases[i];
		json_t *cell = NULL;

		if (!(loads->ships >> r->darwin & 1))
			continue;
		error = release_cell(set, kext, index, r->darwin, &cell);
		if (!error)
			json_builder_value(&releases, r->macos, cell);
	}
	if (error) {
		json_decref(releases.object);
		return error;
	}
	error = json_builder_finish(&releases, &object);
	if (error)
		return error;
	json_builder_init(&b);
	json_builder_string(&b, "kext", kext->base);
	json_builder_string(&b, "path", kext->name);
	json_builder_string(&b, "identifier", kext->identifier);
	json_builder_string(&b, "version", kext->version.text);
	json_builder_string(&b, "arch", kext->slices[index].arch);
	json_builder_value(&b, "releases", object);
	return json_builder_finish(&b, ret);
}

/* Whether a kernel library of the advice is declared; kexts of the old world are left. */
static bool is_declared(const struct kext *kext, size_t library)
{
	for (size_t i = 0; i < kext->loads->library_count; i++)
		if (kext->loads->libraries[i].compatibility ||
		    kext->loads->libraries[i].kpi == (int)library)
			return true;
	return false;
}

static json_t *undeclared(const struct kext_set *set, const struct kext *kext,
			  const struct library_advice *advice)
{
	json_t *array = json_array();

	for (size_t i = 0; i < set->kpi->library_count; i++)
		if (advice->libraries >> i & 1 && !is_declared(kext, i))
			json_array_append_new(array,
					      json_string(set->kpi->libraries[i].name));
	return array;
}

/* The libraries to declare, beside the first row of a kext. */
static struct error *add_advice(const struct kext_set *set, const struct kext *kext,
				json_t *row)
{
	_strbuf_ struct strbuf plist = STRBUF_INIT;
	struct library_advice advice;
	json_t *missing;
	struct error *error = kext_advise(set, kext, &advice);

	if (error)
		return error;
	library_advice_add_plist(set, &advice, &plist);
	error = strbuf_error(&plist);
	if (error)
		return error;
	json_object_set_new(row, "declare", json_any_string(strbuf_string(&plist)));
	missing = undeclared(set, kext, &advice);
	if (json_array_size(missing))
		json_object_set_new(row, "undeclared", missing);
	else
		json_decref(missing);
	return error;
}

static struct error *kext_rows(const struct kext_set *set, const struct kext *kext,
			       json_t *rows)
{
	struct error *error = NULL;
	bool advised = false;

	for (size_t i = 0; i < kext->slice_count && !error; i++) {
		json_t *row = NULL;

		if (!kext->slices[i].known || kext->slices[i].error)
			continue;
		error = slice_row(set, kext, i, &row);
		if (!error && !advised && !kext->bare)
			error = add_advice(set, kext, row);
		advised = true;
		if (!error)
			json_array_append_new(rows, row);
		else
			json_decref(row);
	}
	return error;
}

/* "10.3 .4 .5 … .15 11 12": as short as it can be read. */
static const char *column_name(const char *release, bool first)
{
	return strncmp(release, "10.", 3) || first ? release : release + 2;
}

static const char *cell_status(const json_t *row, const char *release)
{
	return json_string_value(json_object_get(
		json_object_get(json_object_get(row, "releases"), release), "status"));
}

static const char *const columns[] = { "10.3",	"10.4",	 "10.5",  "10.6",  "10.7",
				       "10.8",	"10.9",	 "10.10", "10.11", "10.12",
				       "10.13", "10.14", "10.15", "11",	   "12",
				       "13",	"14",	 "15",	  NULL };

static void add_row(const json_t *row, int width, const struct style *s,
		    struct strbuf *out)
{
	const char *name = json_string_value(json_object_get(row, "kext"));

	strbuf_addf(out, "  %-*.*s %-7s", width, width, name ? name : "",
		    json_string_value(json_object_get(row, "arch")));
	for (size_t i = 0; columns[i]; i++) {
		const char *status = cell_status(row, columns[i]);
		size_t column = strlen(column_name(columns[i], i == 0));
		char mark = !status	     ? ' '
			    : *status == 'l' ? '+'
			    : *status == 'f' ? '-'
					     : '?';

		strbuf_pad(out, ' ', column);
		strbuf_addf(out, "%s%c%s", mark == '-' ? s->red : "", mark,
			    mark == '-' ? s->reset : "");
	}
	strbuf_addc(out, '\n');
}

/* Releases that fail for the same first reason are told together. */
static void add_reasons(const json_t *row, struct strbuf *out)
{
	const json_t *before = NULL;

	for (size_t i = 0; columns[i]; i++) {
		const json_t *cell = json_object_get(json_object_get(row, "releases"),
						     columns[i]),
			     *why = json_object_get(cell, "why");
		size_t count = json_array_size(why),
		       missing = json_integer_value(json_object_get(cell, "missing"));

		if (!why || (before && json_equal((json_t *)before, (json_t *)why)))
			continue;
		before = why;
		if (missing > count)
			count = missing;
		strbuf_addf(out, "      %s %s, from %s: %s",
			    json_string_value(json_object_get(row, "kext")),
			    json_string_value(json_object_get(row, "arch")), columns[i],
			    json_string_value(json_array_get(why, 0)));
		if (count > 1)
			strbuf_addf(out, "; %zu more", count - 1);
		strbuf_addc(out, '\n');
	}
}

/* The fragment to paste, where a library is missing. */
static void add_fragment(const json_t *row, struct strbuf *out)
{
	const char *text = json_string_value(json_object_get(row, "declare"));

	if (!text || !json_object_get(row, "undeclared"))
		return;
	strbuf_addf(out, "      %s should declare what it imports:\n",
		    json_string_value(json_object_get(row, "kext")));
	while (*text) {
		size_t length = strcspn(text, "\n");

		strbuf_addf(out, "        %.*s\n", (int)length, text);
		text += length + (text[length] == '\n');
	}
}

/* As wide as the longest name, within reason. */
static int name_width(const json_t *rows)
{
	int width = NARROWEST;
	const json_t *row;
	size_t i;

	json_array_foreach((json_t *)rows, i, row)
	{
		int length = json_string_length(json_object_get(row, "kext"));

		if (length > width)
			width = length;
	}
	return width > WIDEST ? WIDEST : width;
}

static void print(const json_t *value, const struct style *s, struct strbuf *out)
{
	const json_t *row;
	int width = name_width(value);
	size_t i;

	strbuf_addf(out, "\n%s  %-*s %-7s%s", s->bold, width, "Loads on macOS", "",
		    s->reset);
	for (i = 0; columns[i]; i++)
		strbuf_addf(out, " %s", column_name(columns[i], i == 0));
	strbuf_addc(out, '\n');
	json_array_foreach(value, i, row) add_row(row, width, s, out);
	strbuf_adds(out,
		    "  + loads   - does not   ? libraries are not at hand (--libs)   "
		    "blank: no such Mac\n");
	json_array_foreach(value, i, row) add_reasons(row, out);
	json_array_foreach(value, i, row) add_fragment(row, out);
}

static const struct section section_loads = { .name = "loads",
					      .text = print,
					      .order = 5 };

struct error *loads_section_add(struct linter *linter, const struct kext_set *set)
{
	json_t *rows = json_array();
	struct error *error = NULL;

	if (!rows)
		return error_nomem();
	for (size_t i = 0; i < set->count && !error; i++)
		if (!set->kexts[i]->provider)
			error = kext_rows(set, set->kexts[i], rows);
	if (error || !json_array_size(rows)) {
		json_decref(rows);
		return error;
	}
	return report_add_section(linter->report, &section_loads, rows);
}
