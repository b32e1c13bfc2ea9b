/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernel extensions for `bookend extract`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "common/strbuf.h"
#include "linter/apple/subject_kext.h"
#include "linter/arena.h"
#include "linter/extract.h"
#include "readers/bundle.h"
#include "report/json.h"

static json_t *text(struct strbuf *buf)
{
	return json_any_string(strbuf_string(buf));
}

static json_t *libraries(const struct kext *kext)
{
	json_t *array = json_array();

	for (size_t i = 0; i < kext->loads->library_count; i++) {
		const struct library_use *use = &kext->loads->libraries[i];
		json_t *entry = json_object();

		json_object_set_new(entry, "identifier",
				    json_any_string(use->identifier));
		if (use->wanted.text)
			json_object_set_new(entry, "version",
					    json_any_string(use->wanted.text));
		/* of a library that is not at hand nobody knows */
		if (use->unknown)
			json_object_set_new(entry, "at_hand", json_false());
		else
			json_object_set_new(entry, "used", json_boolean(use->used));
		json_array_append_new(array, entry);
	}
	return array;
}

/* What of a personality says when it matches. */
static void add_personalities(const struct property *all, json_t *array)
{
	static const char *const keys[] = { "IOClass",		 "IOProviderClass",
					    "IOPCIMatch",	 "IOPCIPrimaryMatch",
					    "IONameMatch",	 "IOMatchCategory",
					    "CFBundleIdentifier" };

	for (const struct property *p = all->first; p; p = p->next) {
		json_t *entry = json_object();

		if (p->key)
			json_object_set_new(entry, "name", json_any_string(p->key));
		for (size_t i = 0; i < ARRAY_LENGTH(keys); i++) {
			const char *value = property_get_string(p, keys[i]);

			if (value)
				json_object_set_new(entry, keys[i],
						    json_any_string(value));
		}
		json_array_append_new(array, entry);
	}
}

static json_t *personalities(const struct kext *kext)
{
	json_t *array = json_array();

	for (const struct property *all = kext_personalities(kext, NULL); all;
	     all = kext_personalities(kext, all))
		add_personalities(all, array);
	return array;
}

static void add_version(struct json_builder *b, const char *key,
			struct macho_version version)
{
	char buffer[24];

	if (version.packed)
		json_builder_string(b, key, macho_version_text(version, buffer));
}

static json_t *segments(const struct kext_slice *s)
{
	json_t *array = json_array();

	for (size_t i = 0; i < s->segment_count; i++)
		json_array_append_new(
			array, json_pack("{s:s, s:I, s:I}", "name", s->segments[i].name,
					 "size", (json_int_t)s->segments[i].size, "wired",
					 (json_int_t)s->segments[i].pages));
	return array;
}

static json_t *slice(const struct kext_slice *s)
{
	char type[MACHO_ARCH_SIZE];
	json_t *object = NULL;
	struct json_builder b;

	json_builder_init(&b);
	json_builder_string(&b, "arch", s->arch);
	json_builder_string(&b, "error", s->error);
	json_builder_integer(&b, "size", s->size);
	if (!s->error) {
		json_builder_string(&b, "type", macho_type_name(s->filetype, type));
		json_builder_string(&b, "uuid", s->uuid);
		json_builder_string(&b, "kmod_name", s->kmod_name);
		json_builder_string(&b, "kmod_version", s->kmod_version);
		add_version(&b, "minimum", s->minimum);
		add_version(&b, "sdk", s->sdk);
		add_version(&b, "clang", s->clang);
		add_version(&b, "linker", s->linker);
		json_builder_bool(&b, "signed", s->has_code_signature);
		json_builder_integer(&b, "symbols", s->symbol_count);
		json_builder_integer(&b, "debugging_symbols", s->stab_count);
		json_builder_integer(&b, "wired", kext_wired(s));
		json_builder_value(&b, "segments", segments(s));
	}
	error_destroy(json_builder_finish(&b, &object));
	return object;
}

static json_t *slices(const struct kext *kext)
{
	json_t *array = json_array();

	for (size_t i = 0; i < kext->slice_count; i++)
		json_array_append_new(array, slice(&kext->slices[i]));
	return array;
}

/* Classes by name: what `ioclasscount NAME` counts instances of. */
static json_t *classes(const struct kext *kext)
{
	json_t *array = json_array();

	for (size_t i = 0; i < kext->slice_count; i++)
		for (size_t k = 0; k < kext->slices[i].class_count; k++) {
			const struct kext_class *c = &kext->slices[i].classes[k];
			bool known = false;
			json_t *entry;

			for (size_t n = 0; n < i; n++)
				known |= kext_find_class(&kext->slices[n], c->name) !=
					 NULL;
			if (known)
				continue;
			entry = json_pack("{s:o}", "name", json_any_string(c->name));
			if (c->super)
				json_object_set_new(entry, "super",
						    json_any_string(c->super));
			json_array_append_new(array, entry);
		}
	return array;
}

/* {"com.apple.kpi.iokit": "10.6 to 15"}, kexts at hand with their version. */
static json_t *sources(const struct kext_set *set, const struct kext *kext,
		       const struct kext_slice *s, const struct kext_import *import)
{
	json_t *object = json_object();

	for (size_t i = 0; import->kpi && i < set->kpi->library_count; i++) {
		_strbuf_ struct strbuf releases = STRBUF_INIT;
		kpi_releases on = import->kpi->by[i][s->kpi_arch] &
				  macos_shipped(set->kpi, s->kpi_arch);

		if (!on || set->kpi->libraries[i].compatibility)
			continue;
		macos_add_releases(set->kpi, on, ~0u, &releases);
		json_object_set_new(object, set->kpi->libraries[i].name, text(&releases));
	}
	for (size_t i = 0; i < kext->loads->all_count; i++) {
		const struct kext *provider = kext->loads->libraries[i].provider;
		const struct kext_slice *from =
			provider ? kext_slice_of(provider, s->kpi_arch) : NULL;

		if (from && kext_exports(from, import->name))
			json_object_set_new(object, provider->identifier,
					    json_any_string(provider->version.text));
	}
	return object;
}

static json_t *imports(const struct kext_set *set, const struct kext *kext)
{
	json_t *array = json_array();

	for (size_t i = 0; i < kext->slice_count; i++) {
		const struct kext_slice *s = &kext->slices[i];

		for (size_t k = 0; s->known && k < s->import_count; k++) {
			const struct kext_import *import = &s->imports[k];
			json_t *entry, *from;
			bool known = false;

			for (size_t n = 0; n < i; n++)
				known |= kext_find_import(&kext->slices[n],
							  import->name) != NULL;
			if (known)
				continue;
			entry = json_pack("{s:o}", "symbol",
					  json_any_string(import->name));
			if (import->weak)
				json_object_set_new(entry, "weak", json_true());
			if (kext_import_is_patched(import))
				json_object_set_new(entry, "vtable_only", json_true());
			from = sources(set, kext, s, import);
			if (json_object_size(from))
				json_object_set_new(entry, "from", from);
			else
				json_decref(from);
			json_array_append_new(array, entry);
		}
	}
	return array;
}

static json_t *exports(const struct kext *kext)
{
	json_t *array = json_array();

	for (size_t i = 0; i < kext->slice_count; i++)
		for (size_t k = 0; k < kext->slices[i].export_count; k++) {
			const char *name = kext->slices[i].exports[k];
			bool known = false;

			for (size_t n = 0; n < i; n++)
				known |= kext_exports(&kext->slices[n], name);
			if (!known)
				json_array_append_new(array,
						      json_pack("{s:o}", "symbol",
								json_any_string(name)));
		}
	return array;
}

/* "x86_64": "10.9 to 15", for each slice. */
static json_t *loads(const struct kext_set *set, const struct kext *kext)
{
	json_t *object = json_object();

	for (size_t i = 0; i < kext->slice_count; i++) {
		const struct slice_loads *l = &kext->loads->slices[i];
		_strbuf_ struct strbuf releases = STRBUF_INIT;

		if (!kext->slices[i].known)
			continue;
		macos_add_releases(set->kpi, l->loads, l->ships, &releases);
		if (l->unknown) {
			strbuf_adds(&releases, "; undecided: ");
			macos_add_releases(set->kpi, l->unknown, l->ships, &releases);
		}
		json_object_set_new(object, kext->slices[i].arch, text(&releases));
	}
	return object;
}

static struct error *describe(struct extraction *x, const struct kext_set *set,
			      const struct kext *kext)
{
	json_t *driver = NULL;
	struct json_builder b;
	struct error *error;

	json_builder_init(&b);
	json_builder_string(&b, "kind", kext->dext ? "dext" : "kext");
	json_builder_string(&b, "path", kext->name);
	json_builder_string(&b, "name", kext->base);
	json_builder_string(&b, "identifier", kext->identifier);
	json_builder_string(&b, "version", kext->version.text);
	json_builder_string(&b, "compatible", kext->compatible.text);
	json_builder_string(&b, "shown_version",
			    property_get_string(kext->info,
						"CFBundleShortVersionString"));
	json_builder_string(&b, "copyright",
			    property_get_string(kext->info, "NSHumanReadableCopyright"));
	json_builder_string(&b, "required",
			    property_get_string(kext->info, "OSBundleRequired"));
	json_builder_string(&b, "executable", kext->executable);
	json_builder_bool(&b, "signed", kext->signature);
	json_builder_value(&b, "libraries", libraries(kext));
	json_builder_value(&b, "personalities", personalities(kext));
	json_builder_value(&b, "slices", slices(kext));
	json_builder_value(&b, "loads", loads(set, kext));
	json_builder_value(&b, "classes", classes(kext));
	json_builder_value(&b, "exports", exports(kext));
	json_builder_value(&b, "imports", imports(set, kext));
	error = json_builder_finish(&b, &driver);
	if (!error && json_array_append_new(x->drivers, driver))
		error = error_nomem();
	if (!error && (kext->info_error || kext->executable_error))
		error = extraction_not_read(
			x, kext->info_error ? kext->info_path : kext->executable_path,
			kext->info_error ? kext->info_error : kext->executable_error);
	return error;
}

static struct error *add_targets(const struct extraction *x, struct kext_set *set)
{
	struct error *error = NULL;

	for (size_t i = 0; x->targets && i < x->targets->count && !error; i++)
		if (!strncmp(x->targets->items[i], "macos:", 6))
			error = macos_targets_add(&set->targets, set->kpi,
						  x->targets->items[i] + 6);
	return error;
}

static struct error *extract(struct extraction *x, const struct bundle *bundle)
{
	_cleanup_(kext_set_destroy) struct kext_set *set = NULL;
	struct error *error = kext_set_create(&set);
	size_t found = 0;

	if (!error)
		error = add_targets(x, set);
	if (!error)
		error = kext_set_read(set, bundle, false, &found);
	for (size_t i = 0; !error && i < set->count; i++)
		error = kext_resolve(set, set->kexts[i]);
	for (size_t i = 0; !error && i < set->count; i++)
		error = describe(x, set, set->kexts[i]);
	return error;
}

static const struct extractor extractor_kext = { .name = "kext", .extract = extract };
REGISTER(extractor, extractor_kext);
