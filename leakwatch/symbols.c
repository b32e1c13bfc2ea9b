/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "leakwatch/symbols.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "leakwatch/verdict.h"
#include "symbolizer/kernel_headers.h"

/* Callers beyond this many frames of the kernel above the driver tell nothing more. */
enum { OUTER_FRAMES = 6 };

struct leak_symbols {
	struct symbolizer *symbolizer;
};

void leak_symbols_destroy(struct leak_symbols *symbols)
{
	if (!symbols)
		return;
	symbolizer_destroy(symbols->symbolizer);
	free(symbols);
}

static struct error *add_layout(struct leak_symbols *symbols,
				const struct census_module *module)
{
	struct module_layout layout = { .name = module->name,
					.base = module->base,
					.size = module->size };
	struct module_section sections[128];
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)module->sections, name, value)
	{
		const char *text = json_string_value(value);

		if (!text || layout.section_count >= ARRAY_LENGTH(sections))
			continue;
		sections[layout.section_count++] =
			(struct module_section){ name, strtoull(text, NULL, 16) };
	}
	layout.sections = sections;
	return symbolizer_add_module(symbols->symbolizer, &layout);
}

struct error *leak_symbols_create(const struct census_model *model,
				  const struct leak_options *options,
				  struct leak_symbols **ret)
{
	_cleanup_(leak_symbols_destroy) struct leak_symbols *symbols =
		calloc(1, sizeof(*symbols));
	struct error *error;

	if (!symbols)
		return error_nomem();
	error = symbolizer_create(&symbols->symbolizer);
	if (!error && model->release)
		error = symbolizer_set_release(symbols->symbolizer, model->release);
	for (size_t i = 0; !error && i < options->module_count; i++) {
		const struct leak_module *module = &options->modules[i];

		if (module->debug_file)
			error = symbolizer_add_path(symbols->symbolizer,
						    module->debug_file);
		if (!error && module->path)
			error = symbolizer_add_path(symbols->symbolizer, module->path);
	}
	for (size_t i = 0;
	     !error && options->source_folders && options->source_folders[i]; i++)
		error = symbolizer_add_source_path(symbols->symbolizer,
						   options->source_folders[i]);
	for (size_t i = 0; !error && i < model->module_count; i++)
		if (!model->modules[i].range)
			error = add_layout(symbols, &model->modules[i]);
	if (!error)
		*ret = take(symbols);
	return error;
}

static struct error *add_kernel_frame(const struct census_frame *frame,
				      struct frames *ret)
{
	struct frame named = { .address = frame->address, .kind = FRAME_RETURN };
	char raw[160];

	snprintf(raw, sizeof(raw), "%s+0x%llx", frame->symbol ? frame->symbol : "?",
		 (unsigned long long)frame->offset);
	named.raw = raw;
	named.function = frame->symbol;
	named.offset = frame->offset;
	return frames_add(ret, &named);
}

/* Code of the kernel's headers that was inlined into the driver is not the driver's. */
static size_t skip_headers(const struct frames *frames, size_t at)
{
	while (at + 1 < frames->count && frames->items[at].kind == FRAME_INLINE &&
	       is_kernel_header(frames->items[at].file))
		at++;
	return at;
}

struct error *leak_symbols_resolve(struct leak_symbols *symbols, const struct site *site,
				   struct frames *ret, size_t *driver)
{
	size_t outer = 0;
	bool seen = false;
	struct error *error = NULL;

	*driver = 0;
	for (size_t i = 0; !error && i < site->frame_count && outer < OUTER_FRAMES; i++) {
		const struct census_frame *frame = &site->frames[i];

		outer = frame->module ? 0 : outer + seen;
		if (!frame->module) {
			error = add_kernel_frame(frame, ret);
			continue;
		}
		if (!seen)
			*driver = ret->count;
		seen = true;
		error = symbolizer_resolve(symbols->symbolizer, frame->address,
					   FRAME_RETURN, ret);
	}
	*driver = skip_headers(ret, *driver);
	return error;
}

/* Functions that hand on what they allocate, of the size they were asked for. */
static bool is_allocator(const char *symbol)
{
	static const char *const names[] = {
		"kmalloc",  "__kmalloc",  "kzalloc",	    "kmem_cache_alloc",
		"vmalloc",  "__vmalloc",  "vzalloc",	    "kvmalloc",
		"krealloc", "pcpu_alloc", "__alloc_percpu", "devm_kmalloc"
	};

	for (size_t i = 0; symbol && i < ARRAY_LENGTH(names); i++)
		if (!strncmp(symbol, names[i], strlen(names[i])))
			return true;
	return false;
}

struct error *leak_symbols_assigned(struct leak_symbols *symbols, const struct site *site,
				    struct assigned *ret)
{
	bool raw = !strcmp(site->kind, "page") || !strcmp(site->kind, "dma");
	uint64_t bytes = site->smallest == site->largest ? site->smallest : 0;
	struct error *error = NULL;
	bool direct = true;

	*ret = (struct assigned){ 0 };
	for (size_t i = 0; i < site->frame_count; i++) {
		const struct census_frame *frame = &site->frames[i];

		if (!frame->module) {
			direct = direct && is_allocator(frame->symbol);
			continue;
		}
		error = symbolizer_assigned(symbols->symbolizer, frame->address, bytes,
					    direct && !raw, ret);
		break;
	}
	/* a structure that describes pages is not what was allocated */
	if (!error && raw && ret->type) {
		free(ret->type);
		ret->type = NULL;
	}
	return error;
}

struct error *leak_symbols_searched(const struct leak_symbols *symbols, json_t **ret)
{
	return symbolizer_searched(symbols->symbolizer, ret);
}
