/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/source/units.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/file.h"
#include "common/process.h"
#include "linter/arena.h"
#include "linter/linux_target.h"
#include "readers/bundle.h"

enum { MAKE_SECONDS = 120 };

static bool has_makefile(const char *folder)
{
	_free_ char *path = NULL;

	return asprintf(&path, "%s/Makefile", folder) > 0 && !access(path, R_OK);
}

/* Owned folder of the headers that SPEC of a target means, or NULL. */
static char *headers_of(const char *spec)
{
	static const char *const below[] = { "", "/build", "/headers" };
	_free_ char *found = NULL;
	_error_ struct error *error =
		strchr(spec, '/') ? NULL : linux_target_folder(spec, &found);

	for (size_t i = 0; i < ARRAY_LENGTH(below); i++) {
		_free_ char *folder = NULL;

		if (asprintf(&folder, "%s%s", found ? found : spec, below[i]) < 0)
			return folder = NULL, NULL;
		if (has_makefile(folder))
			return realpath(folder, NULL);
	}
	return NULL;
}

/* UTS_RELEASE of a build folder, owned, or NULL. */
static char *release_of(const char *folder)
{
	static const char key[] = "UTS_RELEASE \"";
	_free_ char *path = NULL, *text = NULL;
	_error_ struct error *error = NULL;
	const char *at;

	if (asprintf(&path, "%s/include/generated/utsrelease.h", folder) < 0)
		return path = NULL, NULL;
	error = file_read_text(path, 4096, &text);
	at = error ? NULL : strstr(text, key);
	if (!at)
		return NULL;
	at += sizeof(key) - 1;
	return strndup(at, strcspn(at, "\"\n"));
}

static struct error *fill_kernel(struct arena *arena, const char *name,
				 const char *folder, struct kernel *ret)
{
	_free_ char *release = release_of(folder);

	if (release)
		ret->release = arena_string(arena, release);
	ret->folder = arena_string(arena, folder);
	if (name)
		ret->name = ret->release ? ret->release : arena_string(arena, name);
	return ret->folder && (!name || ret->name) && (!release || ret->release)
		       ? NULL
		       : error_nomem();
}

struct error *kernels_from_targets(const char *const *targets, size_t count,
				   struct kernels *ret)
{
	for (size_t i = 0; i < count; i++) {
		const char *spec = targets[i];
		_free_ char *folder = NULL;
		struct kernel kernel = { 0 };
		struct error *error;

		if (!strncmp(spec, "macos:", 6))
			continue;
		if (!strncmp(spec, "linux:", 6))
			spec += 6;
		folder = headers_of(spec);
		if (!folder)
			continue;
		if (!array_grow(ret->items, ret->count, ret->capacity))
			return error_nomem();
		error = fill_kernel(ret->arena, spec, folder, &kernel);
		if (error)
			return error;
		ret->items[ret->count++] = kernel;
	}
	return NULL;
}

struct error *kernel_at_hand(struct arena *arena, struct kernel *ret)
{
	_free_ char *unpacked = NULL, *folder = NULL;
	_error_ struct error *error = NULL;
	struct utsname name;

	*ret = (struct kernel){ 0 };
	if (!uname(&name))
		folder = headers_of(name.release);
	if (!folder) {
		error = file_data_folder("build/kernels/default/headers", &unpacked);
		folder = error ? NULL : headers_of(unpacked);
	}
	return folder ? fill_kernel(arena, NULL, folder, ret) : NULL;
}

static bool is_build_folder(const char *folder)
{
	_free_ char *path = NULL;

	return asprintf(&path, "%s/include/generated/autoconf.h", folder) > 0 &&
	       !access(path, R_OK);
}

/* The folder above the first absolute include path that ends in /include. Owned. */
static char *source_folder(const struct unit_command *command)
{
	for (size_t i = 0; i < command->count; i++) {
		const char *argument = command->arguments[i];
		size_t length = strlen(argument);

		if (strncmp(argument, "-I/", 3) || length < 12 ||
		    strcmp(argument + length - 8, "/include") ||
		    strstr(argument, "/arch/"))
			continue;
		return strndup(argument + 2, length - 2 - 8);
	}
	return NULL;
}

/* The release that some module in the folder of @beside was built for. Owned or NULL. */
static char *release_beside(const char *beside)
{
	_free_ char *folder = strndup(beside, (size_t)(path_base(beside) - beside));
	_closedir_ DIR *dir = folder && *folder ? opendir(folder) : opendir(".");
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		static const char key[] = "vermagic=";
		_mapping_ struct mapping file = { 0 };
		_free_ char *path = NULL;
		_error_ struct error *error = NULL;
		const char *at, *end;

		if (!path_ends_with(entry->d_name, ".ko"))
			continue;
		error = file_join(folder && *folder ? folder : ".", entry->d_name, &path);
		if (!error)
			error = file_map(path, &file);
		if (error || !file.bytes.size)
			continue;
		at = memmem(file.bytes.data, file.bytes.size, key, sizeof(key) - 1);
		if (!at)
			continue;
		at += sizeof(key) - 1;
		end = memchr(at, ' ',
			     file.bytes.size -
				     (size_t)((const uint8_t *)at - file.bytes.data));
		return end ? strndup(at, (size_t)(end - at)) : NULL;
	}
	return NULL;
}

static bool is_release(const char *folder, const char *release)
{
	_free_ char *own = release_of(folder);

	return own && !strcmp(own, release);
}

/* Looks for build folders beside the sources of the kernel. */
static char *search_beside(const char *source, const char *release)
{
	_free_ char *above = strndup(source, (size_t)(path_base(source) - source));
	_closedir_ DIR *dir = above ? opendir(above) : NULL;
	struct dirent *entry;
	char *found = NULL;

	while (dir && (entry = readdir(dir))) {
		_free_ char *path = NULL;
		_error_ struct error *error = NULL;

		if (entry->d_name[0] == '.')
			continue;
		error = file_join(above, entry->d_name, &path);
		if (error || !is_build_folder(path))
			continue;
		if (release && is_release(path, release)) {
			free(found);
			return take(path);
		}
		/* the first by name, so that the answer does not change by chance */
		if (!release && (!found || strcmp(path, found) < 0)) {
			free(found);
			found = take(path);
		}
	}
	return found;
}

char *units_kernel_folder(const struct unit_command *command, const char *beside)
{
	_free_ char *source = source_folder(command), *release = release_beside(beside);
	char *folder = NULL;

	if (source && is_build_folder(source))
		return take(source);
	if (source)
		folder = search_beside(source, release);
	if (!folder && source && release)
		folder = search_beside(source, NULL);
	if (!folder && release)
		folder = headers_of(release);
	return folder;
}

static struct error *absolute(const char *folder, const char *path, char **ret)
{
	_free_ char *here = NULL;

	if (*path == '/') {
		*ret = strdup(path);
		return *ret ? NULL : error_nomem();
	}
	if (*folder != '/') {
		_free_ char *cwd = getcwd(NULL, 0);

		if (!cwd || asprintf(&here, "%s/%s", cwd, folder) < 0)
			return here = NULL, error_nomem();
	}
	if (asprintf(ret, "%s/%s", here ? here : folder, path) < 0)
		return *ret = NULL, error_nomem();
	return NULL;
}

/* Relative directories of a compilation database are meant from where it lies. */
static struct error *settle_json(struct unit_commands *commands, size_t first,
				 const char *disk)
{
	_free_ char *folder = strndup(disk, (size_t)(path_base(disk) - disk));
	struct error *error = folder ? NULL : error_nomem();

	for (size_t i = first; !error && i < commands->count; i++) {
		struct unit_command *c = &commands->items[i];
		char *settled = NULL;

		error = absolute(*folder ? folder : ".", c->directory, &settled);
		if (error)
			break;
		free(c->directory);
		c->directory = settled;
	}
	return error;
}

/*
 * Kernels from 6.13 on run in the module's folder: its .cmd file lies where the source
 * is. Owned, NULL: it does not lie there.
 */
static char *module_folder(const struct unit_command *command, const char *disk)
{
	const char *name = path_base(command->file);
	size_t length = (size_t)(path_base(disk) - disk);
	size_t above = (size_t)(name - command->file);
	_free_ char *beside = NULL;

	if (*command->file == '/' || !strncmp(command->file, "..", 2) || above > length ||
	    strncmp(disk + length - above, command->file, above))
		return NULL;
	if (asprintf(&beside, "%.*s%s", (int)length, disk, name) < 0)
		return beside = NULL, NULL;
	return access(beside, F_OK) ? NULL : strndup(disk, length - above);
}

static struct error *settle_kbuild(struct unit_commands *commands, size_t first,
				   const char *disk)
{
	for (size_t i = first; i < commands->count; i++) {
		struct unit_command *c = &commands->items[i];

		c->directory = module_folder(c, disk);
		if (!c->directory)
			c->directory = units_kernel_folder(c, disk);
	}
	return NULL;
}

static struct error *read_member(const struct bundle *bundle, const struct member *member,
				 bool json, struct unit_commands *ret)
{
	_content_ struct content content = { 0 };
	size_t before = ret->count;
	struct error *error = bundle_read(bundle, member, &content);

	if (!error && json)
		error = command_read_json(member->name, content.bytes, ret);
	else if (!error)
		error = command_read_cmd(content.bytes, ret);
	if (error)
		return error;
	return json ? settle_json(ret, before, member->disk)
		    : settle_kbuild(ret, before, member->disk);
}

struct error *units_from_build(const struct bundle *bundle,
			       const struct container *container,
			       struct unit_commands *ret)
{
	struct error *error = NULL;

	for (size_t i = 0; !error && i < container->count; i++) {
		const struct member *member = &bundle->members[container->first + i];
		const char *base = path_base(member->path);
		bool json = !strcmp(base, "compile_commands.json");

		if (!member->disk ||
		    (member->kind != MEMBER_FILE && member->kind != MEMBER_LINK))
			continue;
		if (json || (*base == '.' && path_ends_with(base, ".o.cmd") &&
			     !path_ends_with(base, ".mod.o.cmd")))
			error = read_member(bundle, member, json, ret);
	}
	return error;
}

/* make's own words, then those of the caller. Owned; strings are not. */
static const char **make_words(const char *kernel, const char *m,
			       const char *const *variables)
{
	const char *const fixed[] = { "make", "-n", "-k",  "-C",
				      kernel, m,    "V=1", "modules" };
	size_t count = 0, n = ARRAY_LENGTH(fixed);
	const char **words;

	while (variables && variables[count])
		count++;
	words = calloc(n + count + 1, sizeof(*words));
	if (!words)
		return NULL;
	memcpy(words, fixed, sizeof(fixed));
	for (size_t i = 0; i < count; i++)
		words[n++] = variables[i];
	return words;
}

struct error *units_from_kbuild(const char *folder, const char *kernel,
				const char *const *variables, struct unit_commands *ret)
{
	_free_ char *here = realpath(folder, NULL), *m = NULL, *pwd = NULL;
	_free_ const char **argv = NULL;
	/* what ninja or make above this one set would change what is printed */
	const char *extra[] = { "MAKEFLAGS=", "LC_ALL=C", NULL, NULL };
	struct process_options options = {
		.extra = extra,
		.timeout_ns = MAKE_SECONDS * 1000000000ULL,
		.output_limit = 64 << 20,
		.keep_stderr = true,
	};
	struct process_result result = { 0 };
	size_t before = ret->count;
	struct error *error;

	if (!here || asprintf(&m, "M=%s", here) < 0)
		return m = NULL, error_nomem();
	if (asprintf(&pwd, "PWD=%s", here) < 0)
		return pwd = NULL, error_nomem();
	argv = make_words(kernel, m, variables);
	if (!argv)
		return error_nomem();
	extra[2] = pwd; /* makefiles look at it, as if make had been called there */
	options.folder = here;
	error = process_run(argv, &options, &result);
	if (!error)
		error = command_read_make(
			(struct span){ (const uint8_t *)strbuf_string(&result.output),
				       result.output.length },
			kernel, ret);
	if (!error && ret->count == before)
		error = error_new(ERROR_INPUT,
				  "kbuild named no source for it (make -n -C %s %s)",
				  kernel, m);
	strbuf_deinit(&result.output);
	return error;
}
