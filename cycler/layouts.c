/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/layouts.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/file.h"
#include "cycler/carry.h"
#include "cycler/journal.h"
#include "cycler/results.h"

static const char *file_of(const struct carried_list *modules, const char *module)
{
	for (size_t i = 0; i < modules->count; i++)
		if (modules->items[i].name && !strcmp(modules->items[i].name, module))
			return modules->items[i].host;
	return NULL;
}

/* The code's address of the last load, of which the agent may not have told; or 0. */
static uint64_t last_text(const json_t *event, const struct journal *journal)
{
	json_int_t worker = json_integer_value(json_object_get(event, "worker"));
	json_int_t place = json_integer_value(json_object_get(event, "place"));

	if (worker < 0 || worker >= JOURNAL_WORKERS || place < 0 ||
	    place >= JOURNAL_PLACES)
		return 0;
	return __atomic_load_n(&journal->workers[worker].text[place], __ATOMIC_RELAXED);
}

/* A later load moved all sections, and of one it is known where to. New reference. */
static json_t *sections_of(const json_t *event, const struct journal *journal)
{
	json_t *told = json_object_get(event, "sections");
	const char *text = json_string_value(json_object_get(told, ".text"));
	uint64_t last = last_text(event, journal);
	char address[32];

	if (!last || (text && strtoull(text, NULL, 16) == last))
		return told ? json_incref(told) : json_object();
	snprintf(address, sizeof(address), "0x%016llx", (unsigned long long)last);
	return json_pack("{s:s}", ".text", address);
}

struct error *layouts_write(const struct results *results, const struct journal *journal,
			    const struct carried_list *modules, const char *folder)
{
	_free_ char *path = NULL, *text = NULL;
	json_t *list, *event, *document;
	struct error *error;
	const char *name;

	error = file_join(folder, "modules.json", &path);
	if (error)
		return error;
	unlink(path); /* of an earlier run */
	if (!json_object_size(results->layouts))
		return NULL;
	list = json_array();
	json_object_foreach(results->layouts, name, event) json_array_append_new(
		list, json_pack("{s:s, s:s*, s:o}", "name", name, "file",
				file_of(modules, name), "sections",
				sections_of(event, journal)));
	document = json_pack("{s:o}", "modules", list);
	text = document ? json_dumps(document, JSON_INDENT(2) | JSON_SORT_KEYS) : NULL;
	json_decref(document);
	return text ? file_write(path, text, strlen(text), 0644) : error_nomem();
}
