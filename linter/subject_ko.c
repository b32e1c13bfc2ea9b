/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/subject_ko.h"

#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "linter/arena.h"
#include "linter/unpack_ahead.h"

static void destroy_set(void *state)
{
	struct ko_set *set = state;

	if (!set)
		return;
	arena_destroy(set->arena);
	free(set->modules);
	free(set);
}

const struct ko_set *linter_modules(const struct linter *linter)
{
	return linter_state(linter, &kind_ko);
}

static struct error *own_set(struct linter *linter, struct ko_set **ret)
{
	struct ko_set *set = linter_state(linter, &kind_ko);
	struct error *error;

	if (!set) {
		set = calloc(1, sizeof(*set));
		if (!set)
			return error_nomem();
		error = arena_create(&set->arena);
		if (error) {
			free(set);
			return error;
		}
		error = linter_set_state(linter, &kind_ko, set, destroy_set);
		if (error)
			return error;
	}
	*ret = set;
	return NULL;
}

/* All values of a modinfo key; of module names when @split: taken apart at
 * commas, and written as the kernel does. */
static bool keep_list(struct arena *arena, const struct ko *ko, const char *key,
		      bool split, const char ***ret, size_t *ret_count)
{
	size_t count = 0, i = 0;
	const char *value;

	for (size_t at = 0; (value = modinfo_next(&ko->info, key, &at));) {
		count++;
		for (const char *p = value; split && (p = strchr(p, ',')); p++)
			count++;
	}
	*ret = arena_alloc(arena, count * sizeof(**ret));
	if (!*ret)
		return false;
	for (size_t at = 0; (value = modinfo_next(&ko->info, key, &at));) {
		while (*value) {
			size_t n = split ? strcspn(value, ",") : strlen(value);
			_free_ char *part = strndup(value, n);

			for (char *p = part; split && p && *p; p++)
				if (*p == '-')
					*p = '_';
			if (n && (!part || !((*ret)[i++] = arena_intern(arena, part))))
				return false;
			value += n + (value[n] == ',');
		}
	}
	*ret_count = i;
	return true;
}

static bool keep_info(struct arena *arena, const struct ko *ko, const char *key,
		      const char **ret)
{
	const char *value = ko_info(ko, key);

	*ret = value ? arena_intern(arena, value) : NULL;
	return !value || *ret;
}

static bool keep_symbols(struct arena *arena, const struct ko *ko, struct ko_facts *facts)
{
	facts->imports =
		arena_alloc(arena, (ko->import_count + 1) * sizeof(*facts->imports));
	facts->exports =
		arena_alloc(arena, (ko->export_count + 1) * sizeof(*facts->exports));
	if (!facts->imports || !facts->exports)
		return false;
	for (size_t i = 0; i < ko->import_count; i++) {
		const struct ko_import *from = &ko->imports[i];

		facts->imports[i] =
			(struct ko_fact_import){ arena_intern(arena, from->name),
						 from->crc, from->has_crc, from->weak };
		if (!facts->imports[i].name)
			return false;
	}
	for (size_t i = 0; i < ko->export_count; i++) {
		const struct ko_export *from = &ko->exports[i];

		facts->exports[i] =
			(struct ko_fact_export){ arena_intern(arena, from->name),
						 arena_intern(arena, from->space),
						 from->crc, from->has_crc, from->gpl };
		if (!facts->exports[i].name || !facts->exports[i].space)
			return false;
	}
	facts->import_count = ko->import_count;
	facts->export_count = ko->export_count;
	return true;
}

static bool keep_texts(struct arena *arena, const struct ko *ko, struct ko_facts *facts)
{
	return keep_info(arena, ko, "version", &facts->version) &&
	       keep_info(arena, ko, "srcversion", &facts->srcversion) &&
	       keep_info(arena, ko, "vermagic", &facts->vermagic) &&
	       keep_info(arena, ko, "license", &facts->license) &&
	       keep_info(arena, ko, "supported", &facts->supported) &&
	       keep_list(arena, ko, "import_ns", false, &facts->spaces,
			 &facts->space_count) &&
	       keep_list(arena, ko, "firmware", false, &facts->firmware,
			 &facts->firmware_count) &&
	       keep_list(arena, ko, "alias", false, &facts->aliases,
			 &facts->alias_count) &&
	       keep_list(arena, ko, "depends", true, &facts->depends,
			 &facts->depend_count);
}

static struct error *keep_facts(struct ko_set *set, const struct ko_subject *subject,
				const struct member *member)
{
	struct arena *arena = set->arena;
	struct ko_facts *facts = arena_alloc(arena, sizeof(*facts));
	const struct ko *ko = subject->ko;

	if (!facts || !array_grow(set->modules, set->count, set->capacity))
		return error_nomem();
	facts->bundle = set->bundles - 1;
	facts->container = member->container;
	facts->machine = ko->elf->machine;
	facts->has_versions = ko->has_versions || ko->has_extended_versions;
	facts->only_extended = !ko->has_versions && ko->has_extended_versions;
	facts->out_of_tree = !ko_info(ko, "intree");
	facts->member = member;
	facts->path = arena_string(arena, member->name);
	facts->member_path = arena_string(arena, member->path);
	facts->name = arena_intern(arena, subject->name);
	if (!facts->path || !facts->member_path || !facts->name ||
	    !keep_texts(arena, ko, facts) || !keep_symbols(arena, ko, facts))
		return error_nomem();
	facts->gpl = license_is_gpl(facts->license);
	set->modules[set->count++] = facts;
	return NULL;
}

static struct error *tell_broken(struct linter *linter, struct bundle *bundle,
				 const struct member *member, struct error *error)
{
	struct subject subject = { .kind = &kind_ko_broken,
				   .path = member->name,
				   .bundle = bundle,
				   .member = member,
				   .model = error_message(error) };
	struct error *result;

	if (error_kind(error) != ERROR_INPUT && error_kind(error) != ERROR_SYSTEM)
		return error;
	result = linter_subject(linter, &subject);
	error_destroy(error);
	return result;
}

static bool is_compressed(const struct member *member)
{
	return path_is_module(member->path) && !path_ends_with(member->path, ".ko");
}

static struct error *visit_module(struct linter *linter, struct ko_set *set,
				  struct bundle *bundle, const struct member *member,
				  struct unpack_ahead *ahead)
{
	_content_ struct content content = { 0 };
	_cleanup_(ko_destroy) struct ko *ko = NULL;
	_free_ char *name = ko_name_of_path(member->path);
	struct ko_subject model = { .name = name, .compressed = is_compressed(member) };
	struct subject subject = { .kind = &kind_ko,
				   .path = member->name,
				   .bundle = bundle,
				   .member = member,
				   .model = &model };
	struct error *error = model.compressed
				      ? unpack_ahead_take(ahead, &content)
				      : bundle_read_plain(bundle, member, &content);

	if (!name) {
		error_destroy(error);
		return error_nomem();
	}
	if (!error)
		error = ko_create(member->name, content.bytes, &ko);
	if (error)
		return tell_broken(linter, bundle, member, error);
	model.ko = ko;
	error = signature_judge(linter, ko, &model.signature);
	if (!error)
		error = keep_facts(set, &model, member);
	return error ? error : linter_subject(linter, &subject);
}

/* A lone file of any name is a module when it is an ELF file. */
static bool is_module(const struct bundle *bundle, const struct member *member)
{
	uint8_t head[4] = { 0 };
	FILE *file;

	if (member->kind != MEMBER_FILE && member->kind != MEMBER_HARDLINK)
		return false;
	if (path_is_module(member->path))
		return true;
	if (bundle->containers[member->container].kind != CONTAINER_FILE || !member->disk)
		return false;
	file = fopen(member->disk, "re");
	if (!file)
		return false;
	if (fread(head, 1, sizeof(head), file) != sizeof(head))
		head[0] = 0;
	fclose(file);
	return !memcmp(head, "\177ELF", 4);
}

/* The bundle's compressed modules, in their order. */
static struct error *find_compressed(const struct bundle *bundle,
				     const struct member ***ret, size_t *count)
{
	const struct member **list = calloc(bundle->count + 1, sizeof(*list));

	if (!list)
		return error_nomem();
	*count = 0;
	for (size_t i = 0; i < bundle->count; i++)
		if (is_module(bundle, &bundle->members[i]) &&
		    is_compressed(&bundle->members[i]))
			list[(*count)++] = &bundle->members[i];
	*ret = list;
	return NULL;
}

static struct error *visit(struct linter *linter, struct bundle *bundle)
{
	_cleanup_(unpack_ahead_destroy) struct unpack_ahead *ahead = NULL;
	_free_ const struct member **compressed = NULL;
	struct ko_set *set = NULL;
	struct error *error = own_set(linter, &set);
	size_t count = 0;

	if (!error)
		error = find_compressed(bundle, &compressed, &count);
	if (!error)
		error = unpack_ahead_create(bundle, compressed, count,
					    unpack_ahead_threads(compressed, count),
					    &ahead);
	if (error)
		return error;
	set->bundles++;
	for (size_t i = 0; !error && i < bundle->count; i++)
		if (is_module(bundle, &bundle->members[i]))
			error = visit_module(linter, set, bundle, &bundle->members[i],
					     ahead);
	return error;
}

static struct error *visit_nothing(struct linter *linter, struct bundle *bundle)
{
	(void)linter;
	(void)bundle;
	return NULL;
}

const struct subject_kind kind_ko = {
	.name = "ko",
	.order = 10,
	.is_driver = true,
	.visit = visit,
};
REGISTER(subject_kind, kind_ko);

const struct subject_kind kind_ko_broken = {
	.name = "ko-broken",
	.order = 10,
	.is_driver = true,
	.visit = visit_nothing,
};
REGISTER(subject_kind, kind_ko_broken);
