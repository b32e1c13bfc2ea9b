/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/catalogue.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "common/file.h"
#include "report/json.h"

const char *const profile_names[] = { "dev", "ci", "release", NULL };

struct entry {
	struct rule rule;
	json_t *json; /* owns the strings */
	char *file;
};

struct catalogue {
	struct entry *entries; /* sorted by id */
	size_t count, capacity;
};

static void entry_deinit(struct entry *entry)
{
	free((void *)entry->rule.subjects);
	free((void *)entry->rule.references);
	free((void *)entry->rule.explanation);
	free(entry->file);
	json_decref(entry->json);
}

void catalogue_destroy(struct catalogue *catalogue)
{
	if (!catalogue)
		return;
	for (size_t i = 0; i < catalogue->count; i++)
		entry_deinit(&catalogue->entries[i]);
	free(catalogue->entries);
	free(catalogue);
}

static struct error *content(const struct entry *entry, const char *why,
			     const char *pointer, ...)
	__attribute__((format(printf, 3, 4)));

/* @pointer: where in the file, as a JSON pointer. */
static struct error *content(const struct entry *entry, const char *why,
			     const char *pointer, ...)
{
	char text[128];
	va_list args;

	va_start(args, pointer);
	vsnprintf(text, sizeof(text), pointer, args);
	va_end(args);
	return error_new(ERROR_INPUT, "%s: %s: %s", entry->file, text, why);
}

static struct error *read_string(const struct entry *entry, const char *key,
				 bool required, const char **ret)
{
	const json_t *value = json_object_get(entry->json, key);

	if (!value && required)
		return content(entry, "missing", "/%s", key);
	if (value && (!json_is_string(value) || !*json_string_value(value)))
		return content(entry, "must be a string that is not empty", "/%s", key);
	*ret = json_string_value(value);
	return NULL;
}

static struct error *read_list(const struct entry *entry, const char *key, bool required,
			       const char *const **ret)
{
	const json_t *value = json_object_get(entry->json, key), *item;
	size_t count = json_array_size(value), i;
	const char **list;

	if ((!value && required) || (value && !json_is_array(value)))
		return content(entry, "must be an array of strings", "/%s", key);
	list = calloc(count + 1, sizeof(*list));
	if (!list)
		return error_nomem();
	*ret = list;
	json_array_foreach(value, i, item)
	{
		if (!json_is_string(item))
			return content(entry, "must be a string", "/%s/%zu", key, i);
		list[i] = json_string_value(item);
	}
	return NULL;
}

/* A string, or an array of paragraphs that are joined with empty lines. */
static struct error *read_explanation(struct entry *entry)
{
	const json_t *value = json_object_get(entry->json, "explanation"), *item;
	char *text = NULL;
	size_t i;

	if (json_is_string(value))
		text = strdup(json_string_value(value));
	else if (json_array_size(value) == 0)
		return content(entry, "must be a string or an array of them",
			       "/explanation");
	json_array_foreach(value, i, item)
	{
		char *longer;

		if (!json_is_string(item)) {
			free(text);
			return content(entry, "must hold strings only", "/explanation");
		}
		if (asprintf(&longer, "%s%s%s", text ? text : "", text ? "\n\n" : "",
			     json_string_value(item)) < 0)
			longer = NULL;
		free(text);
		text = longer;
	}
	entry->rule.explanation = text;
	return text ? NULL : error_nomem();
}

static struct error *read_levels(struct entry *entry)
{
	const json_t *levels = json_object_get(entry->json, "levels"), *value;
	const char *key;

	if (!json_is_object(levels))
		return content(entry, "must be an object of profile: level", "/levels");
	for (size_t i = 0; i < PROFILE_COUNT; i++) {
		const char *name;

		name = json_string_value(json_object_get(levels, profile_names[i]));
		if (!name || !level_parse(name, &entry->rule.levels[i]))
			return content(entry,
				       "must be error, warning, suggestion, info or off",
				       "/levels/%s", profile_names[i]);
	}
	json_object_foreach((json_t *)levels, key, value)
	{
		bool known = false;

		for (size_t i = 0; i < PROFILE_COUNT; i++)
			known |= !strcmp(profile_names[i], key);
		if (!known)
			return content(entry, "no such profile (dev, ci, release)",
				       "/levels/%.40s", key);
	}
	return NULL;
}

static struct error *reject_unknown_keys(const struct entry *entry)
{
	static const char *const known[] = { "id",    "title",	     "levels", "subjects",
					     "since", "explanation", "bad",    "good",
					     "check", "references",  "owner" };
	const json_t *value;
	const char *key;

	json_object_foreach(entry->json, key, value)
	{
		bool found = false;

		for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
			found |= !strcmp(known[i], key);
		if (!found)
			return content(entry, "unknown key", "/%.60s", key);
	}
	return NULL;
}

static struct error *read_entry(struct entry *entry)
{
	struct rule *rule = &entry->rule;
	struct error *error = NULL;

	rule->file = entry->file;
	if (!json_is_object(entry->json))
		return content(entry, "must be an object", "/");
	error = reject_unknown_keys(entry);
	if (!error)
		error = read_string(entry, "id", true, &rule->id);
	if (!error)
		error = read_string(entry, "title", true, &rule->title);
	if (!error)
		error = read_string(entry, "since", false, &rule->since);
	if (!error)
		error = read_string(entry, "bad", false, &rule->bad);
	if (!error)
		error = read_string(entry, "good", false, &rule->good);
	if (!error)
		error = read_levels(entry);
	if (!error)
		error = read_explanation(entry);
	if (!error)
		error = read_list(entry, "subjects", true, &rule->subjects);
	if (!error)
		error = read_list(entry, "references", false, &rule->references);
	rule->check = json_object_get(entry->json, "check");
	if (!error && !json_is_string(rule->check) && !json_is_object(rule->check))
		error = content(entry, "must be \"builtin\", \"run\" or a matcher",
				"/check");
	return error;
}

static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return strcmp(x->rule.id, y->rule.id);
}

static struct error *add_file(struct catalogue *catalogue, const char *folder,
			      const char *name)
{
	struct entry entry = { 0 };
	struct error *error = file_join(folder, name, &entry.file);

	if (!error)
		error = json_load_path(entry.file, &entry.json);
	if (!error)
		error = read_entry(&entry);
	if (!error && catalogue_find(catalogue, entry.rule.id))
		error = content(&entry, "this id is already taken", "/id");
	if (!error &&
	    !array_grow(catalogue->entries, catalogue->count, catalogue->capacity))
		error = error_nomem();
	if (error) {
		entry_deinit(&entry);
		return error;
	}
	catalogue->entries[catalogue->count++] = entry;
	/* files come in the order of their names, which is that of the ids */
	if (catalogue->count > 1 &&
	    compare_entries(&catalogue->entries[catalogue->count - 2],
			    &catalogue->entries[catalogue->count - 1]) > 0)
		qsort(catalogue->entries, catalogue->count, sizeof(entry),
		      compare_entries);
	return NULL;
}

static int is_rule_file(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return entry->d_name[0] != '.' && dot && !strcmp(dot, ".json");
}

struct error *catalogue_add(struct catalogue *catalogue, const char *folder)
{
	struct dirent **names = NULL;
	struct error *error = NULL;
	int n = scandir(folder, &names, is_rule_file, alphasort);

	if (n < 0)
		return error_errno(errno, "cannot read the rules in %s", folder);
	for (int i = 0; i < n; i++) {
		if (!error)
			error = add_file(catalogue, folder, names[i]->d_name);
		free(names[i]);
	}
	free(names);
	return error;
}

struct error *catalogue_create(const char *folder, struct catalogue **ret)
{
	_cleanup_(catalogue_destroy) struct catalogue *catalogue =
		calloc(1, sizeof(*catalogue));
	_free_ char *own = NULL;
	struct error *error = NULL;

	if (!catalogue)
		return error_nomem();
	if (!folder) {
		error = file_data_folder("rules", &own);
		folder = own;
	}
	if (!error)
		error = catalogue_add(catalogue, folder);
	if (error)
		return error;
	*ret = take(catalogue);
	return NULL;
}

const struct rule *catalogue_find(const struct catalogue *catalogue, const char *id)
{
	struct entry key = { .rule.id = id };
	const struct entry *found = NULL;

	if (catalogue->count)
		found = bsearch(&key, catalogue->entries, catalogue->count, sizeof(key),
				compare_entries);
	return found ? &found->rule : NULL;
}

size_t catalogue_count(const struct catalogue *catalogue)
{
	return catalogue->count;
}

const struct rule *catalogue_at(const struct catalogue *catalogue, size_t index)
{
	return &catalogue->entries[index].rule;
}
