/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/strbuf.h"
#include "symbolizer/blame.h"
#include "symbolizer/panic.h"
#include "symbolizer/panic_model.h"

static struct error *resolve_frame(const struct frame *frame, struct symbolizer *s,
				   struct frames *ret)
{
	struct symbol_place place = {
		.function = frame->function,
		.offset = frame->offset,
		.size = frame->size,
		.module = frame->module,
		.build_id = frame->build_id,
		.address = frame->address,
		.raw = frame->raw,
	};
	size_t before = ret->count;
	struct error *error;

	/* Somebody has symbolized it already, inlines and all. */
	if (frame->kind == FRAME_INLINE || (frame->file && !frame->size))
		return frames_add(ret, frame);
	if (frame->function && (frame->size || (frame->module && !frame->address)))
		return symbolizer_resolve_place(s, &place, frame->kind, ret);
	if (!frame->address)
		return frames_add(ret, frame);
	error = symbolizer_resolve(s, frame->address, frame->kind, ret);
	/* What the log said is better than nothing. */
	if (!error && ret->count == before + 1 && !ret->items[before].file &&
	    (frame->function || !ret->items[before].function)) {
		frame_deinit(&ret->items[before]);
		return frame_copy(frame, &ret->items[before]);
	}
	return error;
}

static struct error *resolve_context(struct panic_context *context, struct symbolizer *s)
{
	_frames_ struct frames resolved = { 0 };

	for (size_t i = 0; i < context->frames.count; i++) {
		struct error *error =
			resolve_frame(&context->frames.items[i], s, &resolved);

		if (error)
			return error;
	}
	frames_deinit(&context->frames);
	context->frames = resolved;
	resolved = (struct frames){ 0 };
	return NULL;
}

struct error *panic_prepare(const struct panic *p, struct symbolizer *s)
{
	struct error *error = NULL;

	symbolizer_start_log(s);
	symbolizer_set_apple(s, !strcmp(p->os, "macos"));
	if (p->release && strcmp(p->os, "macos"))
		error = symbolizer_set_release(s, p->release);
	if (!error && p->kernel_build_id)
		error = symbolizer_set_kernel_build_id(s, p->kernel_build_id);
	if (p->kernel_offset_known)
		symbolizer_set_kernel_offset(s, p->kernel_offset);
	for (size_t i = 0; !error && i < p->module_count; i++) {
		const struct panic_module *module = &p->modules[i];
		struct module_layout layout = { .name = module->name,
						.build_id = module->build_id,
						.base = module->base,
						.size = module->size };

		if (module->build_id || module->base)
			error = symbolizer_add_module(s, &layout);
	}
	return error;
}

/* The module of the guilty function, where only the debug files know it. */
static struct error *find_module(struct panic *p)
{
	const struct panic_context *context = panic_guilty_context(p);

	for (size_t i = 0;
	     context && p->function && !p->module && i < context->frames.count; i++) {
		const struct frame *frame = &context->frames.items[i];
		char name[128];

		if (!frame->function || !frame->module)
			continue;
		blame_normalize(frame->function, name, sizeof(name));
		if (!strcmp(name, p->function) &&
		    !panic_set(&p->module, frame->module, strlen(frame->module)))
			return error_nomem();
	}
	return NULL;
}

/*
 * Names that only debug files know: the first function of the guilty stack that is no
 * helper, of the guilty module where one is known. The hashes stay
 * those of the log alone, so that they do not depend on what is installed.
 */
static struct error *find_function(struct panic *p)
{
	static const char nobody[] = "no stack to tell who is guilty";
	const struct panic_context *context = panic_guilty_context(p);
	_strbuf_ struct strbuf title = STRBUF_INIT;
	struct error *error;

	if (p->function || !context)
		return NULL;
	error = blame_resolved(p, context, 0);
	if (error || !p->function)
		return error;
	if (p->corrupted && !strcmp(p->corrupted, nobody)) {
		free(p->corrupted);
		p->corrupted = NULL;
	}
	strbuf_addf(&title, "%s in %s", p->title, p->function);
	free(p->title);
	p->title = NULL;
	error = strbuf_steal(&title, &p->title);
	return error;
}

struct error *panic_symbolize(struct panic_log *log, struct symbolizer *s)
{
	for (size_t i = 0; i < log->count; i++) {
		struct panic *p = &log->panics[i];
		struct error *error = panic_prepare(p, s);

		for (size_t j = 0; !error && j < p->context_count; j++)
			error = resolve_context(&p->contexts[j], s);
		if (!error)
			error = find_module(p);
		if (!error)
			error = find_function(p);
		json_decref(p->searched);
		p->searched = NULL;
		if (!error)
			error = symbolizer_searched(s, &p->searched);
		if (error)
			return error;
	}
	return NULL;
}
