/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbolizer/panic_text.h"

#include <stdio.h>
#include <string.h>

#include "common/strbuf.h"
#include "common/style.h"
#include "report/frame.h"
#include "report/report.h"
#include "symbolizer/panic.h"

enum { PLACES_SHOWN = 8 };

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

/* "file.c:12" in @ret. */
static void add_where(const struct frame *f, char *ret, size_t size)
{
	if (f->file && f->line)
		snprintf(ret, size, "%s:%u", f->file, f->line);
	else if (f->file)
		snprintf(ret, size, "%s", f->file);
	else if (f->function && f->size)
		snprintf(ret, size, "+0x%llx/0x%llx", (unsigned long long)f->offset,
			 (unsigned long long)f->size);
	else
		ret[0] = 0;
}

static void add_frame(const json_t *json, int number, const struct style *s,
		      struct strbuf *out)
{
	char where[512], name[256];
	struct frame f;

	frame_from_json(json, &f);
	add_where(&f, where, sizeof(where));
	if (f.function)
		snprintf(name, sizeof(name), "%s", f.function);
	else if (f.address)
		snprintf(name, sizeof(name), "0x%llx", (unsigned long long)f.address);
	else
		snprintf(name, sizeof(name), "%s", f.raw ? f.raw : "?");
	if (number < 0)
		strbuf_addf(out, "       %s%-30s%s  ", s->bold, name, s->reset);
	else
		strbuf_addf(out, "  #%-2d  %s%-30s%s  ", number, s->bold, name, s->reset);
	strbuf_addf(out, "%s%-34s%s", s->cyan, where, s->reset);
	if (number < 0)
		strbuf_adds(out, "  inlined");
	if (f.module)
		strbuf_addf(out, "  [%s]", f.module);
	if (f.kind == FRAME_GUESSED)
		strbuf_addf(out, "  %sguessed%s", s->dim, s->reset);
	if (f.source)
		strbuf_addf(out, "  %s%s%s", s->dim, f.source, s->reset);
	else if (f.confidence && *f.confidence &&
		 (f.module || !strncmp(f.confidence, "nearest", 7)))
		strbuf_addf(out, "  %s(%s)%s", s->dim, f.confidence, s->reset);
	while (out->length && out->data[out->length - 1] == ' ')
		strbuf_truncate(out, out->length - 1);
	strbuf_addc(out, '\n');
}

static void add_context(const json_t *context, bool first, const struct style *s,
			struct strbuf *out)
{
	const json_t *frame, *inlined;
	size_t i, j;
	int number = 0;

	if (!first)
		strbuf_addf(out, "  %s%s%s\n", s->dim, text_of(context, "name"),
			    s->reset);
	json_array_foreach(json_object_get(context, "frames"), i, frame)
	{
		json_array_foreach(json_object_get(frame, "inlines"), j, inlined)
		{
			add_frame(inlined, -1, s, out);
		}
		add_frame(frame, number++, s, out);
	}
}

/* Every place that was asked: what is missing can be put there. */
static void add_places(const json_t *places, const struct style *s, struct strbuf *out)
{
	const json_t *place;
	size_t i;

	strbuf_addf(out, "%s\n", s->reset);
	json_array_foreach(places, i, place)
	{
		if (i == PLACES_SHOWN) {
			strbuf_addf(out, "    %sand %zu more (all are in the JSON)%s\n",
				    s->dim, json_array_size(places) - i, s->reset);
			break;
		}
		strbuf_addf(out, "    %s%s%s\n", s->dim, json_string_value(place),
			    s->reset);
	}
	if (json_array_size(places))
		strbuf_addf(out, "    %s--debug PATH adds one%s\n", s->dim, s->reset);
}

/* What was looked for in vain, and where. */
static void add_searched(const json_t *report, const struct style *s, struct strbuf *out)
{
	const json_t *entry;
	size_t i;

	json_array_foreach(json_object_get(report, "searched"), i, entry)
	{
		const char *id = text_of(entry, "build_id");
		const json_t *places = json_object_get(entry, "places");

		strbuf_addf(out, "  %sno debug file for %s%s%.12s%s: %s", s->dim,
			    text_of(entry, "what"), id ? " (build-id " : "", id ? id : "",
			    id ? "…)" : "", text_of(entry, "why"));
		strbuf_addf(out, "; looked in %zu places%s", json_array_size(places),
			    json_array_size(places) ? ":" : "; --debug PATH adds one");
		add_places(places, s, out);
	}
}

static void add_head(const json_t *report, const struct style *s, struct strbuf *out)
{
	const char *module = text_of(report, "module"),
		   *release = text_of(report, "release");
	const char *process = text_of(report, "process");
	const char *type = text_of(report, "type");
	const char *colour = type && strcmp(type, "WARNING") ? s->red : s->yellow;

	strbuf_addf(out, "%s%s%s%s", s->bold, colour, text_of(report, "title"), s->reset);
	if (module)
		strbuf_addf(out, "  [%s]", module);
	if (release || process)
		strbuf_addf(out, "  %s%s%s%s%s", s->dim, process ? process : "",
			    process && release ? " on " : "", release ? release : "",
			    s->reset);
	strbuf_addc(out, '\n');
	if (text_of(report, "reading"))
		strbuf_addf(out, "  %s\n", text_of(report, "reading"));
	if (text_of(report, "corrupted"))
		strbuf_addf(out, "  %snot to be trusted: %s%s\n", s->yellow,
			    text_of(report, "corrupted"), s->reset);
}

void panic_text(const json_t *report, const struct style *s, struct strbuf *out)
{
	const json_t *contexts = json_object_get(report, "contexts"), *context;
	const char *assembly = text_of(report, "assembly");
	const char *step = text_of(report, "last_step");
	bool first = true;
	size_t i;

	add_head(report, s, out);
	json_array_foreach(contexts, i, context)
	{
		if (json_is_true(json_object_get(context, "guilty"))) {
			add_context(context, true, s, out);
			first = false;
		}
	}
	json_array_foreach(contexts, i, context)
	{
		if (!json_is_true(json_object_get(context, "guilty")))
			add_context(context, first && !i, s, out);
	}
	if (assembly)
		strbuf_addf(out, "%s", assembly);
	if (step)
		strbuf_addf(out, "  last step before it: %s\n", step);
	add_searched(report, s, out);
}

void panic_line(const json_t *report, struct strbuf *out)
{
	const json_t *contexts = json_object_get(report, "contexts"), *context, *frame;
	const char *function = text_of(report, "function");
	size_t i, j;

	strbuf_addf(out, "%s:%lld: %s", text_of(report, "path"),
		    (long long)json_integer_value(json_object_get(report, "line")),
		    text_of(report, "title"));
	json_array_foreach(contexts, i, context)
	{
		if (!json_is_true(json_object_get(context, "guilty")))
			continue;
		json_array_foreach(json_object_get(context, "frames"), j, frame)
		{
			struct frame f;

			frame_from_json(frame, &f);
			if (!f.file || !f.function || !function ||
			    strncmp(f.function, function, strlen(function)))
				continue;
			strbuf_addf(out, " at %s:%u", f.file, f.line);
			break;
		}
	}
	if (text_of(report, "module"))
		strbuf_addf(out, " [%s]", text_of(report, "module"));
	strbuf_addf(out, " %s\n", text_of(json_object_get(report, "hash"), "strict"));
}

static void section_text(const json_t *value, const struct style *style,
			 struct strbuf *out)
{
	const json_t *report;
	size_t i;

	json_array_foreach(value, i, report)
	{
		if (i)
			strbuf_addc(out, '\n');
		panic_text(report, style, out);
	}
}

const struct section panic_section = {
	.name = "reports",
	.text = section_text,
	.order = -10,
};
