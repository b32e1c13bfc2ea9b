/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbolizer/layout.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "common/file.h"
#include "common/strbuf.h"
#include "report/json.h"
#include "symbolizer/symbolizer.h"

enum { SMALL = 1 << 16 };

struct section_list {
	struct module_section *items;
	size_t count, capacity;
};

static void section_list_deinit(struct section_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free((char *)list->items[i].name);
	free(list->items);
}

#define _sections_ __attribute__((cleanup(section_list_deinit)))

static struct error *add_section(struct section_list *list, const char *name,
				 uint64_t address)
{
	char *copy = strdup(name);

	if (!copy || !array_grow(list->items, list->count, list->capacity)) {
		free(copy);
		return error_nomem();
	}
	list->items[list->count++] = (struct module_section){ copy, address };
	return NULL;
}

static bool json_address(const json_t *value, uint64_t *ret)
{
	char *end;

	*ret = 0;
	if (json_is_integer(value)) {
		*ret = (uint64_t)json_integer_value(value);
		return true;
	}
	if (!json_is_string(value))
		return value == NULL;
	*ret = strtoull(json_string_value(value), &end, 0);
	return end != json_string_value(value) && !*end;
}

static struct error *read_module(const char *path, const json_t *json, size_t number,
				 layout_sink *sink, void *context)
{
	_sections_ struct section_list sections = { 0 };
	const char *name = json_string_value(json_object_get(json, "name")), *key;
	struct module_layout layout = {
		.name = name,
		.build_id = json_string_value(json_object_get(json, "build_id")),
	};
	json_t *value;

	if (!name)
		return error_new(ERROR_INPUT, "%s: /modules/%zu has no name", path,
				 number);
	if (!json_address(json_object_get(json, "base"), &layout.base) ||
	    !json_address(json_object_get(json, "size"), &layout.size))
		return error_new(
			ERROR_INPUT,
			"%s: /modules/%zu: base and size are \"0x…\" or a number", path,
			number);
	json_object_foreach(json_object_get(json, "sections"), key, value)
	{
		uint64_t address;
		struct error *error;

		if (!json_address(value, &address))
			return error_new(ERROR_INPUT,
					 "%s: /modules/%zu/sections/%s is no address",
					 path, number, key);
		error = add_section(&sections, key, address);
		if (error)
			return error;
	}
	layout.sections = sections.items;
	layout.section_count = sections.count;
	return sink(context, &layout);
}

static struct error *read_json(const char *path, layout_sink *sink, void *context)
{
	json_t *json, *modules, *module;
	struct error *error = json_load_path(path, &json);
	size_t i;

	if (error)
		return error;
	modules = json_object_get(json, "modules");
	if (!json_is_array(modules))
		error = error_new(ERROR_INPUT, "%s: /modules is missing or no array",
				  path);
	json_array_foreach(modules, i, module)
	{
		if (!error)
			error = read_module(path, module, i, sink, context);
	}
	json_decref(json);
	return error;
}

static struct error *read_number(const char *folder, const char *name, uint64_t *ret)
{
	_free_ char *path = NULL, *text = NULL;
	struct error *error = file_join(folder, name, &path);

	if (!error)
		error = file_read_text(path, SMALL, &text);
	if (!error)
		*ret = strtoull(text, NULL, 0);
	return error;
}

static struct error *read_sections(const char *folder, struct section_list *sections)
{
	_closedir_ DIR *dir = opendir(folder);
	struct error *error = NULL;

	if (!dir)
		return error_errno(errno, "cannot open %s", folder);
	for (struct dirent *entry; !error && (entry = readdir(dir));) {
		uint64_t address = 0;

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		error = read_number(folder, entry->d_name, &address);
		if (!error && address)
			error = add_section(sections, entry->d_name, address);
	}
	return error;
}

bool layout_read_build_id(const char *path, char *ret, size_t size)
{
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t bytes[4096];
	ssize_t length = fd < 0 ? -1 : read(fd, bytes, sizeof(bytes));
	size_t end = length > 0 ? (size_t)length : 0;

	/* Notes: sizes of name and content, type, then both, padded to four bytes. */
	for (size_t at = 0; at + 12 <= end;) {
		uint32_t head[3];
		size_t name, content;

		memcpy(head, bytes + at, sizeof(head));
		name = at + 12;
		content = name + (((size_t)head[0] + 3) & ~(size_t)3);
		if (content > end || head[1] > end - content)
			return false;
		if (head[2] == 3 && head[0] == 4 && !memcmp(bytes + name, "GNU", 4) &&
		    head[1] * 2 < size) {
			for (size_t i = 0; i < head[1]; i++)
				sprintf(ret + 2 * i, "%02x", bytes[content + i]);
			return head[1] > 0;
		}
		at = content + (((size_t)head[1] + 3) & ~(size_t)3);
	}
	return false;
}

static struct error *read_folder_module(const char *root, const char *name,
					layout_sink *sink, void *context)
{
	_sections_ struct section_list sections = { 0 };
	struct module_layout layout = { .name = name };
	_free_ char *folder = NULL, *below = NULL, *note = NULL;
	struct error *error = file_join(root, name, &folder);
	char build_id[64] = "";

	if (!error)
		error = file_join(folder, "sections", &below);
	if (!error)
		error = file_join(folder, "notes/.note.gnu.build-id", &note);
	if (error || access(below, F_OK))
		return error;
	error = read_sections(below, &sections);
	if (error)
		return error;
	if (layout_read_build_id(note, build_id, sizeof(build_id)))
		layout.build_id = build_id;
	layout.sections = sections.items;
	layout.section_count = sections.count;
	return sections.count ? sink(context, &layout) : NULL;
}

static struct error *read_folder(const char *path, layout_sink *sink, void *context)
{
	_closedir_ DIR *dir = opendir(path);
	struct error *error = NULL;

	if (!dir)
		return error_errno(errno, "cannot open %s", path);
	for (struct dirent *entry; !error && (entry = readdir(dir));)
		if (*entry->d_name != '.')
			error = read_folder_module(path, entry->d_name, sink, context);
	return error;
}

struct error *layout_read(const char *path, layout_sink *sink, void *context)
{
	struct stat status;

	if (stat(path, &status))
		return error_errno(errno, "cannot read module layouts from %s", path);
	return S_ISDIR(status.st_mode) ? read_folder(path, sink, context)
				       : read_json(path, sink, context);
}
