/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "leakwatch/loaded.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/file.h"
#include "leakwatch/census_shared.h"

bool loaded_name(const char *module, char *ret, size_t size)
{
	const char *base = strrchr(module, '/');
	size_t length;

	base = base ? base + 1 : module;
	length = strcspn(base, ".");
	if (!length || length >= size)
		return false;
	memset(ret, 0, size);
	for (size_t i = 0; i < length; i++)
		ret[i] = base[i] == '-' ? '_' : base[i];
	return true;
}

static bool parse_line(const char *line, const char *name, struct loaded_module *ret)
{
	unsigned long long size, base;
	char word[CENSUS_NAME + 8];

	if (sscanf(line, "%63s %llu %*s %*s %*s 0x%llx", word, &size, &base) != 3 ||
	    strcmp(word, name))
		return false;
	*ret = (struct loaded_module){ base, size };
	return true;
}

bool loaded_parse(struct span text, const char *name, struct loaded_module *ret)
{
	char line[512];

	for (size_t begin = 0; begin < text.size;) {
		const uint8_t *end = memchr(text.data + begin, '\n', text.size - begin);
		size_t length =
			end ? (size_t)(end - text.data) - begin : text.size - begin;

		if (length < sizeof(line)) {
			memcpy(line, text.data + begin, length);
			line[length] = 0;
			if (parse_line(line, name, ret))
				return true;
		}
		begin += length + 1;
	}
	return false;
}

struct error *loaded_find(const char *name, struct census_slot *slot, bool *ret)
{
	struct loaded_module module;
	_free_ char *text = NULL;
	struct error *error = file_read_text("/proc/modules", 4 << 20, &text);

	if (error)
		return error;
	*ret = loaded_parse((struct span){ (void *)text, strlen(text) }, name, &module);
	if (!*ret)
		return NULL;
	slot->base[CENSUS_TEXT] = slot->core_low = module.base;
	slot->size[CENSUS_TEXT] = slot->core_size = module.size;
	return NULL;
}

size_t loaded_sections(const char *name, struct census_section *ret, size_t room)
{
	char path[256];
	_closedir_ DIR *folder = NULL;
	size_t count = 0;

	snprintf(path, sizeof(path), "/sys/module/%s/sections", name);
	folder = opendir(path);
	for (struct dirent *entry; folder && count < room && (entry = readdir(folder));) {
		struct census_section *section = &ret[count];
		_free_ char *text = NULL;
		_error_ struct error *error = NULL;
		char file[600];

		if (entry->d_name[0] == '.' &&
		    (!entry->d_name[1] || entry->d_name[1] == '.'))
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		error = file_read_text(file, 64, &text);
		if (error)
			continue;
		section->address = strtoull(text, NULL, 16);
		snprintf(section->name, sizeof(section->name), "%.*s",
			 (int)sizeof(section->name) - 1, entry->d_name);
		count++;
	}
	return count;
}

uint64_t loaded_references(const char *name)
{
	_free_ char *text = NULL;
	_error_ struct error *error = NULL;
	char path[256];

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", name);
	error = file_read_text(path, 32, &text);
	return error ? 0 : strtoull(text, NULL, 10);
}
