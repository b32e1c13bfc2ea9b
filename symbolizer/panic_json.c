/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "common/error.h"
#include "common/strbuf.h"
#include "report/finding.h"
#include "report/json.h"
#include "report/report.h"
#include "symbolizer/panic.h"
#include "symbolizer/panic_text.h"

static json_t *strings_to_json(char *const *strings, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < count; i++)
		json_array_append_new(array, json_any_string(strings[i]));
	return array;
}

/* Inlined functions stand before their frame; in JSON they are its inlines[]. */
static struct error *frames_to_json(const struct frames *frames, json_t **ret)
{
	json_t *array = json_array(), *inlines = NULL;
	struct error *error = array ? NULL : error_nomem();

	for (size_t i = 0; !error && i < frames->count; i++) {
		const struct frame *frame = &frames->items[i];
		bool inlined = frame->kind == FRAME_INLINE && i + 1 < frames->count;
		json_t *one;

		error = frame_to_json(frame, &one);
		if (error)
			break;
		if (inlined) {
			if (!inlines)
				inlines = json_array();
			json_array_append_new(inlines, one);
			continue;
		}
		if (inlines)
			json_object_set_new(one, "inlines", take(inlines));
		json_array_append_new(array, one);
	}
	json_decref(inlines);
	if (error)
		json_decref(array);
	else
		*ret = array;
	return error;
}

static struct error *contexts_to_json(const struct panic *p, json_t **ret)
{
	json_t *array = json_array();
	struct error *error = array ? NULL : error_nomem();

	for (size_t i = 0; !error && i < p->context_count; i++) {
		const struct panic_context *context = &p->contexts[i];
		struct json_builder b;
		json_t *frames, *one;

		if (!context->frames.count)
			continue;
		error = frames_to_json(&context->frames, &frames);
		if (error)
			break;
		json_builder_init(&b);
		json_builder_string(&b, "name", context->name);
		json_builder_value(&b, "frames", frames);
		if (context->guilty)
			json_builder_bool(&b, "guilty", true);
		error = json_builder_finish(&b, &one);
		if (!error)
			json_array_append_new(array, one);
	}
	if (error)
		json_decref(array);
	else
		*ret = array;
	return error;
}

static json_t *modules_to_json(const struct panic *p)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < p->module_count; i++) {
		const struct panic_module *module = &p->modules[i];
		struct json_builder b;
		json_t *one;
		_error_ struct error *error = NULL;

		json_builder_init(&b);
		json_builder_string(&b, "name", module->name);
		json_builder_string(&b, "flags", module->flags);
		json_builder_string(&b, "version", module->version);
		json_builder_string(&b, "build_id", module->build_id);
		if (module->base)
			json_builder_hex(&b, "base", module->base);
		if (module->size)
			json_builder_integer(&b, "size", module->size);
		error = json_builder_finish(&b, &one);
		if (!error)
			json_array_append_new(array, one);
	}
	return array;
}

static json_t *registers_to_json(const struct panic *p)
{
	struct json_builder b;
	json_t *object = NULL;
	_error_ struct error *error = NULL;

	json_builder_init(&b);
	for (size_t i = 0; i < p->register_count; i++)
		json_builder_hex(&b, p->registers[i].name, p->registers[i].value);
	error = json_builder_finish(&b, &object);
	return error ? NULL : object;
}

static json_t *hash_to_json(const struct panic *p)
{
	return json_pack("{s:s, s:s}", "strict", p->hash_strict, "loose", p->hash_loose);
}

static void add_strings(struct json_builder *b, const struct panic *p)
{
	json_builder_string(b, "dialect", p->dialect);
	json_builder_string(b, "os", p->os);
	json_builder_string(b, "release", p->release);
	json_builder_string(b, "arch", p->arch);
	json_builder_string(b, "type", p->type);
	json_builder_string(b, "title", p->title);
	json_builder_string(b, "function", p->function);
	json_builder_string(b, "module", p->module);
	json_builder_string(b, "process", p->process);
	json_builder_string(b, "hardware", p->hardware);
	json_builder_string(b, "taint", p->taint);
	json_builder_string(b, "kernel_build_id", p->kernel_build_id);
	json_builder_string(b, "corrupted", p->corrupted);
	if (p->confidence)
		json_builder_integer(b, "confidence", p->confidence);
	json_builder_string(b, "reading", p->reading);
	json_builder_string(b, "code", p->code);
	json_builder_string(b, "assembly", p->assembly);
	json_builder_string(b, "last_step", p->journal);
}

struct error *panic_to_json(const struct panic *p, json_t **ret)
{
	struct json_builder b;
	json_t *contexts;
	struct error *error = contexts_to_json(p, &contexts);

	if (error)
		return error;
	json_builder_init(&b);
	add_strings(&b, p);
	json_builder_value(&b, "alt_titles",
			   strings_to_json(p->alt_titles, p->alt_title_count));
	json_builder_value(&b, "contexts", contexts);
	json_builder_value(&b, "modules", modules_to_json(p));
	json_builder_value(&b, "registers", registers_to_json(p));
	json_builder_value(&b, "hash", hash_to_json(p));
	json_builder_value(&b, "searched",
			   p->searched ? json_incref(p->searched) : json_array());
	json_builder_integer(&b, "line", p->line);
	json_builder_integer(&b, "lines", p->lines);
	if (p->kernel_offset_known)
		json_builder_hex(&b, "kernel_offset", p->kernel_offset);
	return json_builder_finish(&b, ret);
}

static void add_evidence(const struct panic *p, struct strbuf *out)
{
	if (p->reading)
		strbuf_addf(out, "%s\n", p->reading);
	if (p->release || p->process)
		strbuf_addf(out, "%s%s%s%s%s\n", p->process ? "in " : "",
			    p->process ? p->process : "",
			    p->process && p->release ? " on " : "",
			    p->release ? p->release : "", p->taint ? ", tainted" : "");
	if (p->corrupted)
		strbuf_addf(out, "not to be trusted: %s\n", p->corrupted);
	if (p->journal)
		strbuf_addf(out, "last step before it: %s\n", p->journal);
}

static struct error *add_finding(const struct panic *p, const char *path, bool stack,
				 struct report *report)
{
	const struct panic_context *guilty = stack ? panic_guilty_context(p) : NULL;
	_strbuf_ struct strbuf evidence = STRBUF_INIT;
	bool note = p->grade == PANIC_NOTE;

	add_evidence(p, &evidence);
	if (evidence.failed)
		return error_nomem();
	return report_add_finding(
		report, &(struct finding){
				.rule = note ? "LOG001" : "PANIC001",
				.level = note ? LEVEL_WARNING : LEVEL_ERROR,
				.path = path,
				.line = (unsigned int)p->line,
				.symbol = p->function,
				.message = p->title,
				.evidence = evidence.length ? evidence.data : NULL,
				.fingerprint = p->hash_strict,
				.stack = guilty ? guilty->frames.items : NULL,
				.stack_count = guilty ? guilty->frames.count : 0,
			});
}

static struct error *add_reports(const struct panic_log *log, const char *path,
				 bool shown, struct report *report)
{
	static const struct section quiet = { .name = "reports" };
	const json_t *before = report_section(report, "reports");
	json_t *array = before ? json_copy((json_t *)before) : json_array();

	if (!array)
		return error_nomem();
	for (size_t i = 0; i < log->count; i++) {
		json_t *one;
		struct error *error = add_finding(&log->panics[i], path, !shown, report);

		if (!error)
			error = panic_to_json(&log->panics[i], &one);
		if (error) {
			json_decref(array);
			return error;
		}
		if (path)
			json_object_set_new(one, "path", json_any_string(path));
		json_array_append_new(array, one);
	}
	return report_add_section(report, shown ? &panic_section : &quiet, array);
}

struct error *panic_add_to_report(const struct panic_log *log, const char *path,
				  struct report *report)
{
	return add_reports(log, path, false, report);
}

struct error *panic_show_in_report(const struct panic_log *log, const char *path,
				   struct report *report)
{
	return add_reports(log, path, true, report);
}
