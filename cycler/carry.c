/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/carry.h"

#include <errno.h>
#include <libkmod.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "common/array.h"
#include "common/error.h"

struct carrier {
	struct target *target;
	struct carried_list *modules;
	struct kmod_ctx *kmod;
};

void carried_list_deinit(struct carried_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->items[i].name);
		free(list->items[i].host);
		free(list->items[i].magic);
	}
	free(list->items);
	*list = (struct carried_list){ 0 };
}

static bool is_file_name(const char *text)
{
	const char *dot = strstr(text, ".ko");

	return strchr(text, '/') || (dot && (!dot[3] || dot[3] == '.'));
}

static struct error *replace(json_t *object, const char *key, const char *value)
{
	return json_object_set_new(object, key, json_string(value)) ? error_nomem()
								    : NULL;
}

/* Modules named in "depends" come from the target's own kernel. */
static struct error *carry_depends(struct carrier *c, const char *host, const char *names)
{
	_free_ char *copy = strdup(names);
	char *rest = copy, *name;
	struct error *error = copy ? NULL : error_nomem();

	while (!error && (name = strsep(&rest, ",")))
		if (*name)
			error = error_wrap(target_add_module(c->target, name, true, NULL),
					   "%s depends on %s", host, name);
	return error;
}

static struct error *read_info(struct carrier *c, struct kmod_module *module,
			       struct carried *carried)
{
	struct kmod_list *info = NULL, *it;
	int rc = kmod_module_get_info(module, &info);
	struct error *error = NULL;

	if (rc < 0)
		return error_new(
			ERROR_INPUT,
			"%s is no kernel module (%s): name the .ko file that the "
			"kernel's build made",
			carried->host, strerror(-rc));
	kmod_list_foreach(it, info)
	{
		const char *key = kmod_module_info_get_key(it);
		const char *value = kmod_module_info_get_value(it);

		if (!error && !strcmp(key, "depends"))
			error = carry_depends(c, carried->host, value);
		if (!strcmp(key, "name"))
			carried->name = strdup(value);
		if (!strcmp(key, "vermagic"))
			carried->magic = strndup(value, strcspn(value, " "));
	}
	kmod_module_info_free_list(info);
	if (!error && !carried->magic)
		error = error_new(ERROR_INPUT,
				  "%s is no kernel module: it has no vermagic",
				  carried->host);
	return error;
}

static struct error *carry_own_module(struct carrier *c, const char *host, char **path)
{
	struct kmod_module *module = NULL;
	struct carried *carried;
	struct error *error;
	int rc;

	if (access(host, R_OK))
		return error_errno(errno, "cannot read module %s", host);
	if (!array_grow(c->modules->items, c->modules->count, c->modules->capacity))
		return error_nomem();
	carried = &c->modules->items[c->modules->count++];
	*carried = (struct carried){ .host = realpath(host, NULL) };
	if (!carried->host)
		return error_errno(errno, "cannot read module %s", host);
	rc = kmod_module_new_from_path(c->kmod, carried->host, &module);
	if (rc < 0)
		return error_new(ERROR_INPUT, "%s is no kernel module (%s)", host,
				 strerror(-rc));
	error = read_info(c, module, carried);
	kmod_module_unref(module);
	return error ? error : target_add_module(c->target, carried->host, false, path);
}

static struct error *carry_command(struct carrier *c, json_t *command)
{
	const char *program = json_string_value(json_array_get(command, 0));
	_free_ char *path = NULL;
	char host[PATH_MAX];
	struct error *error;

	if (!strchr(program, '/'))
		return error_new(
			ERROR_INPUT,
			"the plan's command '%s' is not a path: say which program",
			program);
	if (!realpath(program, host))
		return error_errno(errno, "cannot read program %s", program);
	error = target_add_program(c->target, host, host);
	if (!error)
		error = target_path(c->target, host, &path);
	if (!error && json_array_set_new(command, 0, json_string(path)))
		error = error_nomem();
	return error;
}

/* Each at the path by which it is called. A shell's script, as any file, has none. */
static struct error *carry_programs(struct carrier *c, const json_t *list)
{
	struct error *error = NULL;
	const json_t *item;
	char host[PATH_MAX];
	size_t i;

	json_array_foreach((json_t *)list, i, item)
	{
		const char *path = json_string_value(item);

		if (error)
			break;
		if (*path != '/' || !realpath(path, host))
			return error_errno(*path == '/' ? errno : ENOENT,
					   "the plan needs %s, which is not here", path);
		error = target_add_program(c->target, host, path);
	}
	return error;
}

static struct error *carry(void *context, enum plan_key_type type, json_t *object,
			   const char *key)
{
	struct carrier *c = context;
	json_t *value = json_object_get(object, key);
	const char *text = json_string_value(value);
	_free_ char *path = NULL;
	char host[PATH_MAX];
	struct error *error;

	if (type == PLAN_COMMAND)
		return carry_command(c, value);
	if (type == PLAN_PROGRAMS)
		return carry_programs(c, value);
	if (type == PLAN_MODULE) {
		error = is_file_name(text)
				? carry_own_module(c, text, &path)
				: target_add_module(c->target, text, false, &path);
		if (!error && !path)
			error = error_new(ERROR_INPUT,
					  "module %s is built into the target's kernel",
					  text);
		return error ? error : replace(object, key, path);
	}
	if (!realpath(text, host))
		return error_errno(errno, "cannot read %s", text);
	error = target_add_file(c->target, host, host);
	if (!error)
		error = target_path(c->target, host, &path);
	return error ? error : replace(object, key, path);
}

struct error *carry_plan(const json_t *plan, struct target *target,
			 struct carried_list *modules, json_t **ret)
{
	static const char *const no_config;
	struct carrier c = { target, modules, kmod_new("/nonexistent", &no_config) };
	json_t *copy = json_deep_copy(plan);
	struct error *error = c.kmod && copy ? NULL : error_nomem();

	if (!error)
		error = plan_visit_files(copy, carry, &c);
	kmod_unref(c.kmod);
	if (error)
		json_decref(copy);
	else
		*ret = copy;
	return error;
}

struct error *carry_check(const struct carried_list *modules, const char *release)
{
	for (size_t i = 0; i < modules->count; i++)
		if (strcmp(modules->items[i].magic, release))
			return error_new(
				ERROR_INPUT,
				"%s was built for kernel %s, the target runs %s: "
				"build it against that kernel's headers, or choose "
				"its kernel with --kernel",
				modules->items[i].host, modules->items[i].magic, release);
	return NULL;
}
