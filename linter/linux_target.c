/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/linux_target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/array.h"
#include "common/error.h"

extern const struct target_family target_linux;

enum { TEXT_LIMIT = 4 << 20 };

static bool is_folder(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

/* Whether headers lie there; @ret gets the folder that has Module.symvers. */
static bool has_headers(const char *folder, char **ret)
{
	static const char *const below[] = { "", "/headers", "/build" };

	for (size_t i = 0; i < ARRAY_LENGTH(below); i++) {
		_free_ char *path = NULL;

		if (asprintf(&path, "%s%s/Module.symvers", folder, below[i]) < 0)
			return path = NULL, false;
		if (access(path, R_OK))
			continue;
		path[strlen(path) - strlen("/Module.symvers")] = '\0';
		*ret = take(path);
		return true;
	}
	return false;
}

struct error *linux_target_folder(const char *release, char **ret)
{
	static const char *const places[] = { "/lib/modules/", "/usr/src/linux-headers-",
					      "/usr/src/kernels/" };
	_free_ char *kernels = NULL, *own = NULL;
	_error_ struct error *none = file_data_folder("build/kernels", &kernels);

	for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
		_free_ char *path = NULL;

		if (asprintf(&path, "%s%s", places[i], release) < 0)
			return path = NULL, error_nomem();
		if (has_headers(path, ret))
			return NULL;
	}
	if (!none && asprintf(&own, "%s/%s", kernels, release) < 0)
		return own = NULL, error_nomem();
	if (own && has_headers(own, ret))
		return NULL;
	return error_new(ERROR_MISSING,
			 "no headers of the target %s: install linux-headers-%s, or give "
			 "the folder of its headers or its Module.symvers",
			 release, release);
}

/* The text of a file below @folder, or NULL when it is not there. */
static char *read_below(const char *folder, const char *name)
{
	_error_ struct error *error = NULL;
	_free_ char *path = NULL;
	char *text = NULL;

	error = file_join(folder, name, &path);
	if (!error)
		error = file_read_text(path, TEXT_LIMIT, &text);
	return text;
}

/* utsrelease.h is what vermagic is made of; kernel.release may be the base version. */
static void read_release(struct linux_target *target)
{
	_free_ char *header =
		read_below(target->folder, "include/generated/utsrelease.h");
	const char *quote = header ? strchr(header, '"') : NULL;
	char *text;

	if (quote) {
		target->release = strndup(quote + 1, strcspn(quote + 1, "\"\n"));
		return;
	}
	text = read_below(target->folder, "include/config/kernel.release");
	if (text)
		text[strcspn(text, "\n")] = '\0';
	target->release = text;
}

static bool is_set(const char *config, const char *option)
{
	const char *at = config;
	size_t n = strlen(option);

	while ((at = strstr(at, option))) {
		if ((at == config || at[-1] == '\n') && !strncmp(at + n, "=y", 2))
			return true;
		at += n;
	}
	return false;
}

/* include/linux/vermagic.h */
static struct error *read_config(struct linux_target *target)
{
	_free_ char *config = read_below(target->folder, "include/config/auto.conf");
	bool preempt;

	if (!config)
		config = read_below(target->folder, ".config");
	if (!config)
		return NULL;
	preempt = is_set(config, "CONFIG_PREEMPT_BUILD") ||
		  is_set(config, "CONFIG_PREEMPT");
	target->modversions = is_set(config, "CONFIG_MODVERSIONS");
	target->extended = is_set(config, "CONFIG_EXTENDED_MODVERSIONS");
	target->basic = !target->extended || is_set(config, "CONFIG_BASIC_MODVERSIONS");
	if (asprintf(&target->vermagic, "%s%s%s%s",
		     is_set(config, "CONFIG_SMP") ? "SMP " : "",
		     is_set(config, "CONFIG_PREEMPT_RT") ? "preempt_rt "
		     : preempt				 ? "preempt "
							 : "",
		     is_set(config, "CONFIG_MODULE_UNLOAD") ? "mod_unload " : "",
		     target->modversions ? "modversions " : "") < 0) {
		target->vermagic = NULL;
		return error_nomem();
	}
	return NULL;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "drivers/net/virtio_net" -> "virtio_net", '-' as '_'. */
static struct error *add_module(struct linux_target *target, struct span path)
{
	size_t start = path.size;
	char *name;

	while (start && path.data[start - 1] != '/')
		start--;
	name = strndup((const char *)path.data + start, path.size - start);
	if (!name ||
	    !array_grow(target->modules, target->module_count, target->module_capacity)) {
		free(name);
		return error_nomem();
	}
	for (char *p = name; *p; p++)
		if (*p == '-')
			*p = '_';
	target->modules[target->module_count++] = name;
	return NULL;
}

static bool same_span(struct span a, struct span b)
{
	return a.size == b.size && !memcmp(a.data, b.data, a.size);
}

static struct error *gather_modules(struct linux_target *target)
{
	const struct symvers *s = target->symvers;
	struct error *error = NULL;

	for (size_t i = 0; !error && i < s->count; i++)
		if (!i || !same_span(s->entries[i].module, s->entries[i - 1].module))
			error = add_module(target, s->entries[i].module);
	if (!error && target->module_count)
		qsort(target->modules, target->module_count, sizeof(*target->modules),
		      compare_names);
	return error;
}

bool linux_target_has_module(const struct linux_target *target, const char *name)
{
	return target->module_count &&
	       bsearch(&name, target->modules, target->module_count,
		       sizeof(*target->modules), compare_names);
}

static struct error *read_symvers(struct linux_target *target, const char *path)
{
	struct error *error = file_map(path, &target->mapping);

	if (!error)
		error = symvers_create(path, target->mapping.bytes, &target->symvers);
	if (!error)
		error = gather_modules(target);
	return error;
}

static struct error *init(const char *spec, struct linux_target *t)
{
	_free_ char *path = NULL;
	struct error *error = NULL;

	t->basic = true;
	if (is_folder(spec)) {
		if (!has_headers(spec, &t->folder))
			return error_new(ERROR_INPUT,
					 "the target folder %s has no Module.symvers: it "
					 "is no folder of kernel headers",
					 spec);
	} else if (access(spec, F_OK)) {
		if (strchr(spec, '/'))
			return error_new(ERROR_MISSING, "the target %s is not there",
					 spec);
		error = linux_target_folder(spec, &t->folder);
	}
	if (!error && t->folder) {
		read_release(t);
		error = read_config(t);
	}
	if (!error && t->folder)
		error = file_join(t->folder, "Module.symvers", &path);
	if (!error)
		error = read_symvers(t, path ? path : spec);
	if (error)
		return error;
	t->modversions |= t->symvers->has_crcs;
	t->label = strdup(t->release ? t->release : spec);
	return t->label ? NULL : error_nomem();
}

struct error *linux_target_init(const char *spec, struct linux_target *ret)
{
	struct linux_target target = { 0 };
	struct error *error = init(spec, &target);

	if (error) {
		linux_target_deinit(&target);
		return error;
	}
	*ret = target;
	return NULL;
}

void linux_target_deinit(struct linux_target *target)
{
	for (size_t i = 0; i < target->module_count; i++)
		free(target->modules[i]);
	free(target->modules);
	free(target->label);
	free(target->release);
	free(target->folder);
	free(target->vermagic);
	symvers_destroy(target->symvers);
	file_unmap(&target->mapping);
	*target = (struct linux_target){ 0 };
}

static void destroy_targets(void *state)
{
	struct linux_targets *targets = state;

	for (size_t i = 0; i < targets->count; i++)
		linux_target_deinit(&targets->items[i]);
	free(targets->items);
	free(targets);
}

const struct linux_targets *linter_linux_targets(const struct linter *linter)
{
	return linter_state(linter, &target_linux);
}

static struct error *add(struct linter *linter, const char *spec)
{
	struct linux_targets *targets = linter_state(linter, &target_linux);
	struct error *error;

	if (!targets) {
		targets = calloc(1, sizeof(*targets));
		if (!targets)
			return error_nomem();
		error = linter_set_state(linter, &target_linux, targets, destroy_targets);
		if (error)
			return error;
	}
	if (!array_grow(targets->items, targets->count, targets->capacity))
		return error_nomem();
	error = linux_target_init(spec, &targets->items[targets->count]);
	if (!error)
		targets->count++;
	return error;
}

const struct target_family target_linux = {
	.name = "linux",
	.help = "RELEASE, a folder of kernel headers, or a Module.symvers file",
	.by_default = true,
	.add = add,
};
REGISTER(target_family, target_linux);
