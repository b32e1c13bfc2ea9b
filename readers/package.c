/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "readers/package.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/array.h"
#include "common/error.h"
#include "readers/bundle.h"
#include "readers/package_state.h"

struct error *package_set(char **slot, const char *text, size_t length)
{
	free(*slot);
	*slot = NULL;
	if (!length)
		return NULL;
	*slot = strndup(text, length);
	return *slot ? NULL : error_nomem();
}

struct error *package_add(char ***list, size_t *count, size_t *capacity, const char *text,
			  size_t length)
{
	char *copy = strndup(text, length);

	if (!copy || !array_reserve((void **)list, *count, capacity, sizeof(**list))) {
		free(copy);
		return error_nomem();
	}
	(*list)[(*count)++] = copy;
	return NULL;
}

struct error *package_add_script(struct package_info *info, const char *name,
				 const char *text, size_t length)
{
	struct package_script script = { strdup(name), strndup(text, length) };

	if (!script.name || !script.text ||
	    !array_grow(info->scripts, info->script_count, info->script_capacity)) {
		free(script.name);
		free(script.text);
		return error_nomem();
	}
	info->scripts[info->script_count++] = script;
	return NULL;
}

/* "a (>= 1), b | c": each name. */
static struct error *add_dependencies(struct package_info *info, const char *text,
				      size_t length)
{
	struct error *error = NULL;

	for (size_t i = 0; !error && i < length;) {
		size_t n = 0;

		while (i < length && strchr(" ,|\n\t", text[i]))
			i++;
		while (i + n < length && !strchr(" ,|(\n\t", text[i + n]))
			n++;
		if (n)
			error = package_add(&info->requires, &info->require_count,
					    &info->require_capacity, text + i, n);
		i += n;
		if (i < length && text[i] == ' ' && i + 1 < length && text[i + 1] == '(')
			i++;
		if (i < length && text[i] == '(')
			while (i < length && text[i++] != ')')
				;
		if (!n && i < length && text[i] == '(')
			i++;
	}
	return error;
}

static bool is_field(const char *line, size_t length, const char *name)
{
	size_t n = strlen(name);

	return length > n && line[n] == ':' && !strncasecmp(line, name, n);
}

static struct error *take_field(struct package_info *info, const char *line,
				size_t length)
{
	static const char *const needs[] = { "Depends", "Pre-Depends", "Recommends" };
	const char *colon = memchr(line, ':', length);
	const char *value = colon ? colon + 1 : line + length;
	size_t rest;

	while (value < line + length && (*value == ' ' || *value == '\t'))
		value++;
	rest = line + length - value;
	if (is_field(line, length, "Package"))
		return package_set(&info->name, value, rest);
	if (is_field(line, length, "Version"))
		return package_set(&info->version, value, rest);
	if (is_field(line, length, "Architecture"))
		return package_set(&info->architecture, value, rest);
	if (is_field(line, length, "Maintainer"))
		return package_set(&info->vendor, value, rest);
	if (is_field(line, length, "Source"))
		return package_set(&info->source, value, rest);
	for (size_t i = 0; i < ARRAY_LENGTH(needs); i++)
		if (is_field(line, length, needs[i]))
			return add_dependencies(info, value, rest);
	return NULL;
}

/* RFC 822 fields; lines that begin with a blank carry the one before on. */
static struct error *read_control(struct span text, struct package_info *info)
{
	size_t size = text.size ? strnlen((const char *)text.data, text.size) : 0;
	const char *at = (const char *)text.data, *end = at + size;
	struct error *error = NULL;

	while (!error && at < end) {
		const char *line = at, *newline;

		do {
			newline = memchr(at, '\n', end - at);
			at = newline ? newline + 1 : end;
		} while (at < end && (*at == ' ' || *at == '\t'));
		error = take_field(info, line, (newline ? newline : end) - line);
	}
	info->known = info->name;
	return error;
}

static struct error *read_deb(const struct bundle *bundle, size_t container,
			      struct package_info *info)
{
	static const char *const scripts[] = { "preinst", "postinst", "prerm", "postrm",
					       "triggers" };
	const struct member *control = bundle_find(bundle, container, "DEBIAN/control");
	struct error *error = NULL;

	if (!control || !control->kept)
		return package_set(&info->problem, "no control file",
				   strlen("no control file"));
	error = read_control(control->bytes, info);
	for (size_t i = 0; !error && i < ARRAY_LENGTH(scripts); i++) {
		char path[32] = "DEBIAN/";
		const struct member *m;

		strcat(path, scripts[i]);
		m = bundle_find(bundle, container, path);
		if (m && m->kept && m->bytes.size)
			error = package_add_script(info, scripts[i],
						   (const char *)m->bytes.data,
						   m->bytes.size);
	}
	return error;
}

struct error *package_info_create(const struct bundle *bundle,
				  const struct container *container,
				  struct package_info **ret)
{
	_cleanup_(package_info_destroy) struct package_info *info =
		calloc(1, sizeof(*info));
	struct error *error = NULL;

	if (!info)
		return error_nomem();
	if (container->kind == CONTAINER_DEB)
		error = read_deb(bundle, container - bundle->containers, info);
	else if (container->kind == CONTAINER_RPM)
		error = package_read_rpm(container->bytes, info);
	if (error)
		return error;
	*ret = take(info);
	return NULL;
}

static void free_list(char **list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(list[i]);
	free(list);
}

void package_info_destroy(struct package_info *info)
{
	if (!info)
		return;
	free_list(info->requires, info->require_count);
	free_list(info->provides, info->provide_count);
	free_list(info->supplements, info->supplement_count);
	for (size_t i = 0; i < info->script_count; i++) {
		free(info->scripts[i].name);
		free(info->scripts[i].text);
	}
	free(info->scripts);
	free(info->problem);
	free(info->name);
	free(info->version);
	free(info->release);
	free(info->architecture);
	free(info->vendor);
	free(info->distribution);
	free(info->source);
	free(info->changelog);
	free(info);
}

char *package_upstream_version(const struct package_info *info)
{
	const char *version = info->version ? info->version : "";
	const char *colon = strchr(version, ':');
	const char *start = colon ? colon + 1 : version;
	/* an .rpm has its revision in a field of its own */
	const char *dash = info->release ? NULL : strrchr(start, '-');

	return strndup(start, dash ? (size_t)(dash - start) : strlen(start));
}

bool package_lists(char *const *list, size_t count, const char *prefix)
{
	for (size_t i = 0; i < count; i++)
		if (!strncmp(list[i], prefix, strlen(prefix)))
			return true;
	return false;
}
