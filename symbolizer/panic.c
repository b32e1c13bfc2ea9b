/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbolizer/panic.h"

#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "symbolizer/panic_model.h"
#include "symbolizer/trace.h"

/* What one report may hold; a hostile log must not fill the memory. */
enum { CONTEXT_LIMIT = 256, FRAME_LIMIT = 4096, MODULE_LIMIT = 4096 };

void panic_deinit(struct panic *p)
{
	char **strings[] = { &p->title,	    &p->function, &p->module,
			     &p->release,   &p->arch,	  &p->process,
			     &p->hardware,  &p->taint,	  &p->kernel_build_id,
			     &p->corrupted, &p->reading,  &p->code,
			     &p->assembly,  &p->journal };

	for (size_t i = 0; i < ARRAY_LENGTH(strings); i++)
		free(*strings[i]);
	for (size_t i = 0; i < p->alt_title_count; i++)
		free(p->alt_titles[i]);
	for (size_t i = 0; i < p->context_count; i++) {
		free(p->contexts[i].name);
		frames_deinit(&p->contexts[i].frames);
	}
	for (size_t i = 0; i < p->register_count; i++)
		free(p->registers[i].name);
	for (size_t i = 0; i < p->module_count; i++) {
		free(p->modules[i].name);
		free(p->modules[i].flags);
		free(p->modules[i].version);
		free(p->modules[i].build_id);
	}
	free(p->alt_titles);
	free(p->contexts);
	free(p->registers);
	free(p->modules);
	json_decref(p->searched);
	*p = (struct panic){ 0 };
}

void panic_log_destroy(struct panic_log *log)
{
	if (!log)
		return;
	for (size_t i = 0; i < log->count; i++)
		panic_deinit(&log->panics[i]);
	free(log->panics);
	free(log);
}

struct error *panic_log_add(struct panic_log *log, struct panic *panic)
{
	if (!array_grow(log->panics, log->count, log->capacity))
		return error_nomem();
	log->panics[log->count++] = *panic;
	*panic = (struct panic){ 0 };
	return NULL;
}

static int by_place(const void *left, const void *right)
{
	const struct panic *a = left, *b = right;

	return (a->line > b->line) - (a->line < b->line);
}

void panic_log_sort(struct panic_log *log)
{
	if (log->count > 1)
		qsort(log->panics, log->count, sizeof(*log->panics), by_place);
}

struct panic_context *panic_add_context(struct panic *p, const char *name)
{
	char *copy;

	if (p->context_count >= CONTEXT_LIMIT)
		return &p->contexts[p->context_count - 1];
	copy = strdup(name);
	if (!copy || !array_grow(p->contexts, p->context_count, p->context_capacity)) {
		free(copy);
		return NULL;
	}
	p->contexts[p->context_count] = (struct panic_context){ .name = copy };
	return &p->contexts[p->context_count++];
}

bool panic_set(char **field, const char *text, size_t length)
{
	char *copy = strndup(text, length);

	if (!copy)
		return false;
	free(*field);
	*field = copy;
	return true;
}

struct error *panic_add_place(struct panic_context *context,
			      const struct trace_place *place, enum frame_kind kind,
			      const char *raw, size_t raw_length)
{
	_free_ char *text = strndup(raw, raw_length);
	struct frame frame = {
		.raw = text,
		.address = place->address,
		.kind = kind,
		.function = place->function[0] ? place->function : NULL,
		.offset = place->offset,
		.size = place->size,
		.module = place->module[0] ? place->module : NULL,
		.build_id = place->build_id[0] ? place->build_id : NULL,
		.file = place->file[0] ? place->file : NULL,
		.line = place->line,
	};

	if (context->frames.count >= FRAME_LIMIT)
		return NULL;
	return frames_add(&context->frames, &frame);
}

bool panic_add_register(struct panic *p, const char *name, size_t length, uint64_t value)
{
	char *copy;

	if (p->register_count >= 128)
		return true;
	copy = strndup(name, length);
	if (!copy || !array_grow(p->registers, p->register_count, p->register_capacity)) {
		free(copy);
		return false;
	}
	for (char *c = copy; *c; c++)
		*c = *c >= 'A' && *c <= 'Z' ? (char)(*c | 32) : *c;
	p->registers[p->register_count++] = (struct panic_register){ copy, value };
	return true;
}

struct panic_module *panic_add_module(struct panic *p, const char *name, size_t length)
{
	char *copy;

	if (p->module_count >= MODULE_LIMIT)
		return NULL;
	copy = strndup(name, length);
	if (!copy || !array_grow(p->modules, p->module_count, p->module_capacity)) {
		free(copy);
		return NULL;
	}
	p->modules[p->module_count] = (struct panic_module){ .name = copy };
	return &p->modules[p->module_count++];
}

bool panic_add_alt(struct panic *p, const char *title)
{
	char *copy;

	for (size_t i = 0; i < p->alt_title_count; i++)
		if (!strcmp(p->alt_titles[i], title))
			return true;
	copy = strdup(title);
	if (!copy ||
	    !array_grow(p->alt_titles, p->alt_title_count, p->alt_title_capacity)) {
		free(copy);
		return false;
	}
	p->alt_titles[p->alt_title_count++] = copy;
	return true;
}

const struct panic_context *panic_guilty_context(const struct panic *p)
{
	for (size_t i = 0; i < p->context_count; i++)
		if (p->contexts[i].guilty)
			return &p->contexts[i];
	return NULL;
}
