/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/agent/places.h"

#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/file.h"
#include "cycler/agent/agent.h"
#include "cycler/plan.h"

enum { AGAIN_NS = 200000000 };

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* As the kernel calls it: refdrv-core.ko.xz is refdrv_core. */
static void name_of(const struct plan_pair *pair, char ret[64])
{
	const char *file = pair->kind->subject(pair->state);

	snprintf(ret, 64, "%.*s", (int)strcspn(file, "."), file);
	for (char *c = ret; *c; c++)
		*c = *c == '-' ? '_' : *c;
}

static char *read_section(const char *module, const char *section)
{
	char path[320];
	char *text = NULL;

	snprintf(path, sizeof(path), "/sys/module/%.60s/sections/%.200s", module,
		 section);
	error_destroy(file_read_text(path, 64, &text));
	if (text)
		text[strcspn(text, "\n")] = 0;
	return text;
}

/* Addresses of sections by name, as symbolizer_add_layouts() reads them. */
static json_t *sections_of(const char *module)
{
	char path[128];
	json_t *sections = json_object();
	_closedir_ DIR *dir = NULL;
	struct dirent *entry;

	snprintf(path, sizeof(path), "/sys/module/%s/sections", module);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		_free_ char *text = NULL;

		if (entry->d_type == DT_REG)
			text = read_section(module, entry->d_name);
		if (text)
			json_object_set_new(sections, entry->d_name, json_string(text));
	}
	return sections;
}

static void tell(struct places *places, struct place *place, const char *name,
		 json_t *sections)
{
	place->told_text = place->text;
	place->told_at = now_ns();
	agent_tell(json_pack("{s:s, s:s, s:i, s:i, s:o}", "event", "layout", "name", name,
			     "worker", (int)places->worker, "place",
			     (int)(place - places->items), "sections", sections));
}

static struct place *place_of(struct places *places, const struct plan_pair *pair)
{
	for (size_t i = 0; i < places->count; i++)
		if (places->items[i].pair == pair)
			return &places->items[i];
	if (places->count == JOURNAL_PLACES)
		return NULL;
	places->items[places->count].pair = pair;
	return &places->items[places->count++];
}

void places_note(struct places *places, const struct plan_pair *pair)
{
	struct place *place = place_of(places, pair);
	_free_ char *text = NULL;
	char name[64];

	if (!place)
		return;
	name_of(pair, name);
	text = read_section(name, ".text");
	place->text = text ? strtoull(text, NULL, 16) : 0;
	__atomic_store_n(&places->state->text[place - places->items], place->text,
			 __ATOMIC_RELAXED);
	if (place->text != place->told_text &&
	    (!place->told_text || now_ns() - place->told_at >= AGAIN_NS))
		tell(places, place, name, sections_of(name));
}

void places_finish(struct places *places)
{
	for (size_t i = 0; i < places->count; i++) {
		struct place *place = &places->items[i];
		char name[64], text[32];

		if (!place->text || place->text == place->told_text)
			continue;
		name_of(place->pair, name);
		snprintf(text, sizeof(text), "0x%016llx",
			 (unsigned long long)place->text);
		tell(places, place, name, json_pack("{s:s}", ".text", text));
	}
}
