/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Linux modules for `bookend extract`. */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/digest.h"
#include "common/error.h"
#include "linter/extract.h"
#include "linter/footprint.h"
#include "linter/linux_target.h"
#include "linter/registered_names.h"
#include "readers/bundle.h"
#include "readers/ko.h"
#include "report/json.h"

static void add_info(struct json_builder *b, const struct ko *ko, const char *field,
		     const char *key)
{
	json_builder_string(b, key, ko_info(ko, field));
}

/* All values of a modinfo field; comma-separated ones taken apart when @split. */
static json_t *info_list(const struct ko *ko, const char *field, bool split)
{
	json_t *array = json_array();
	const char *value;

	for (size_t at = 0; (value = modinfo_next(&ko->info, field, &at));) {
		while (split && *value) {
			size_t n = strcspn(value, ",");
			_free_ char *part = strndup(value, n);

			if (part && n)
				json_array_append_new(array, json_any_string(part));
			value += n + (value[n] == ',');
		}
		if (!split)
			json_array_append_new(array, json_any_string(value));
	}
	return array;
}

/* "parm=NAME:TEXT" and "parmtype=NAME:TYPE" together. */
static json_t *parameters(const struct ko *ko)
{
	json_t *array = json_array();
	const char *type;

	for (size_t at = 0; (type = modinfo_next(&ko->info, "parmtype", &at));) {
		size_t n = strcspn(type, ":");
		_free_ char *name = strndup(type, n);
		const char *text;
		json_t *entry = json_object();

		json_object_set_new(entry, "name", json_any_string(name ? name : ""));
		json_object_set_new(entry, "type",
				    json_any_string(type[n] ? type + n + 1 : ""));
		for (size_t k = 0; (text = modinfo_next(&ko->info, "parm", &k));)
			if (!strncmp(text, type, n) && text[n] == ':')
				json_object_set_new(entry, "description",
						    json_any_string(text + n + 1));
		json_array_append_new(array, entry);
	}
	return array;
}

static json_t *hex(uint32_t value)
{
	char text[16];

	snprintf(text, sizeof(text), "0x%08x", value);
	return json_string(text);
}

/* Who exports a symbol on each target: "vmlinux", a module, or null. */
static json_t *exporters(const struct linux_targets *targets, const char *symbol)
{
	json_t *object = json_object();

	for (size_t i = 0; i < targets->count; i++) {
		const struct symvers_entry *e =
			symvers_find(targets->items[i].symvers, symbol);

		json_object_set_new(object, targets->items[i].label,
				    e ? json_stringn((const char *)e->module.data,
						     e->module.size)
				      : json_null());
	}
	return object;
}

static json_t *imports(const struct extraction *x, const struct ko *ko)
{
	json_t *array = json_array();

	for (size_t i = 0; i < ko->import_count; i++) {
		const struct ko_import *import = &ko->imports[i];
		json_t *entry = json_object();

		json_object_set_new(entry, "symbol", json_any_string(import->name));
		if (import->has_crc)
			json_object_set_new(entry, "crc", hex(import->crc));
		if (import->weak)
			json_object_set_new(entry, "weak", json_true());
		if (x->linux_targets && x->linux_targets->count)
			json_object_set_new(entry, "from",
					    exporters(x->linux_targets, import->name));
		json_array_append_new(array, entry);
	}
	return array;
}

static json_t *exports(const struct ko *ko)
{
	json_t *array = json_array();

	for (size_t i = 0; i < ko->export_count; i++) {
		const struct ko_export *export = &ko->exports[i];
		json_t *entry = json_object();

		json_object_set_new(entry, "symbol", json_any_string(export->name));
		if (export->has_crc)
			json_object_set_new(entry, "crc", hex(export->crc));
		json_object_set_new(entry, "gpl", json_boolean(export->gpl));
		if (*export->space)
			json_object_set_new(entry, "namespace",
					    json_any_string(export->space));
		json_array_append_new(array, entry);
	}
	return array;
}

static json_t *sections(const struct elf *elf)
{
	json_t *array = json_array();

	for (size_t i = 1; i < elf->section_count; i++) {
		const struct elf_section *s = &elf->sections[i];
		char flags[8];

		if (!(s->flags & SHF_ALLOC) || !s->size)
			continue;
		snprintf(flags, sizeof(flags), "r%s%s", s->flags & SHF_WRITE ? "w" : "",
			 s->flags & SHF_EXECINSTR ? "x" : "");
		json_array_append_new(array,
				      json_pack("{s:o, s:I, s:s}", "name",
						json_any_string(s->name), "size",
						(json_int_t)s->size, "access", flags));
	}
	return array;
}

static json_t *memory(const struct elf *elf)
{
	static const uint64_t pages[] = { 4096, 16384, 65536 };
	json_t *array = json_array();

	for (size_t i = 0; i < ARRAY_LENGTH(pages); i++) {
		struct footprint f;

		footprint_measure(elf, pages[i], &f);
		json_array_append_new(array, json_pack("{s:I, s:I, s:I}", "page",
						       (json_int_t)pages[i], "stays",
						       (json_int_t)f.core, "until_init",
						       (json_int_t)f.init));
	}
	return array;
}

/* The buses and classes that the aliases speak of: {"pci": 3}. */
static json_t *classes(const struct ko *ko)
{
	json_t *object = json_object();
	const char *alias;

	for (size_t at = 0; (alias = modinfo_next(&ko->info, "alias", &at));) {
		size_t n = strcspn(alias, ":-");
		_free_ char *bus = strndup(alias, n);
		json_t *count;

		if (!bus || alias[n] != ':')
			continue;
		count = json_object_get(object, bus);
		json_object_set_new(object, bus,
				    json_integer(json_integer_value(count) + 1));
	}
	return object;
}

static struct error *add_registered(void *data, const struct registered_name *found)
{
	json_t *entry = json_pack("{s:o, s:s}", "name", json_any_string(found->name),
				  "by", found->function);

	for (size_t i = 0; entry && i < json_array_size(data); i++)
		if (json_equal(json_array_get(data, i), entry)) {
			json_decref(entry);
			return NULL;
		}
	return json_array_append_new(data, entry) ? error_nomem() : NULL;
}

/* The names of classes, devices and drivers that it registers. */
static json_t *registered(const struct ko *ko)
{
	json_t *array = json_array();
	_error_ struct error *error = NULL;
	bool looked;

	if (array)
		error = registered_names_find(ko, add_registered, array, &looked);
	return array;
}

static void add_signature(struct json_builder *b, const struct ko_signature *s)
{
	static const char *const states[] = { "none", "signed", "broken", "not last" };

	json_builder_string(b, "signature", states[s->state]);
	if (*s->signer)
		json_builder_string(b, "signer", s->signer);
	if (*s->hash)
		json_builder_string(b, "signature_hash", s->hash);
}

static void add_identity(struct json_builder *b, const struct member *member,
			 const struct ko *ko)
{
	char digest[DIGEST_HEX_SIZE], build_id[129], machine[32];
	_free_ char *name = ko_name_of_path(member->path);

	json_builder_string(b, "kind", "ko");
	json_builder_string(b, "path", member->name);
	json_builder_string(b, "name", name);
	add_info(b, ko, "version", "version");
	add_info(b, ko, "srcversion", "srcversion");
	add_info(b, ko, "description", "description");
	json_builder_value(b, "authors", info_list(ko, "author", false));
	json_builder_value(b, "licenses", info_list(ko, "license", false));
	add_info(b, ko, "vermagic", "vermagic");
	json_builder_bool(b, "intree", ko_info(ko, "intree"));
	json_builder_string(b, "machine",
			    elf_machine_name(ko->elf->machine, machine, sizeof(machine)));
	if (elf_build_id(ko->elf, build_id, sizeof(build_id)))
		json_builder_string(b, "build_id", build_id);
	digest_sha256(ko->bytes.data, ko->bytes.size, digest);
	json_builder_string(b, "sha256", digest);
	json_builder_integer(b, "size", ko->bytes.size);
	add_signature(b, &ko->signature);
}

static struct error *describe(struct extraction *x, const struct member *member,
			      const struct ko *ko)
{
	json_t *driver = NULL;
	struct json_builder b;
	struct error *error;

	json_builder_init(&b);
	add_identity(&b, member, ko);
	json_builder_value(&b, "depends", info_list(ko, "depends", true));
	json_builder_value(&b, "soft_depends", info_list(ko, "softdep", false));
	json_builder_value(&b, "namespaces", info_list(ko, "import_ns", false));
	json_builder_value(&b, "firmware", info_list(ko, "firmware", false));
	json_builder_value(&b, "parameters", parameters(ko));
	json_builder_value(&b, "aliases", info_list(ko, "alias", false));
	json_builder_value(&b, "classes", classes(ko));
	json_builder_value(&b, "registers", registered(ko));
	json_builder_value(&b, "sections", sections(ko->elf));
	json_builder_value(&b, "memory", memory(ko->elf));
	json_builder_value(&b, "exports", exports(ko));
	json_builder_value(&b, "imports", imports(x, ko));
	error = json_builder_finish(&b, &driver);
	if (!error && json_array_append_new(x->drivers, driver))
		error = error_nomem();
	return error;
}

static struct error *extract_one(struct extraction *x, const struct bundle *bundle,
				 const struct member *member)
{
	_content_ struct content content = { 0 };
	_cleanup_(ko_destroy) struct ko *ko = NULL;
	struct error *error = bundle_read_plain(bundle, member, &content), *told;

	if (!error)
		error = ko_create(member->name, content.bytes, &ko);
	if (!error)
		return describe(x, member, ko);
	if (error_kind(error) == ERROR_NOMEM)
		return error;
	told = extraction_not_read(x, member->name, error_message(error));
	error_destroy(error);
	return told;
}

static struct error *extract(struct extraction *x, const struct bundle *bundle)
{
	struct error *error = NULL;

	for (size_t i = 0; !error && i < bundle->count; i++) {
		const struct member *m = &bundle->members[i];

		if ((m->kind == MEMBER_FILE || m->kind == MEMBER_HARDLINK) &&
		    path_is_module(m->path))
			error = extract_one(x, bundle, m);
	}
	return error;
}

static const struct extractor extractor_ko = { .name = "ko", .extract = extract };
REGISTER(extractor, extractor_ko);
