/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What PATH is, and how its modules and sources come into the run folder. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "common/file.h"
#include "gate/gate.h"
#include "readers/bundle.h"

static bool has_file(const char *folder, const char *name)
{
	_free_ char *path = NULL;

	if (asprintf(&path, "%s/%s", folder, name) < 0)
		return path = NULL, false;
	return !access(path, R_OK);
}

static bool has_build_file(const char *folder)
{
	return has_file(folder, "Kbuild") || has_file(folder, "Makefile") ||
	       has_file(folder, "dkms.conf");
}

static struct error *load_config(struct gate *gate, const char *folder)
{
	_free_ char *path = NULL;

	if (gate->options->config)
		return gate->config.json
			       ? NULL
			       : gate_config_load(gate->options->config, &gate->config);
	if (asprintf(&path, "%s/bookend.json", folder) < 0)
		return path = NULL, error_nomem();
	return access(path, F_OK) ? NULL : gate_config_load(path, &gate->config);
}

/* How old a source is matters to rules; that it cannot be set does not. */
static void set_time(const char *path, int64_t seconds)
{
	struct timespec times[2] = { { .tv_sec = seconds }, { .tv_sec = seconds } };

	utimensat(AT_FDCWD, path, times, 0);
}

/* Writes a member's bytes to FOLDER/PATH; @ret may be NULL. */
static struct error *put(const struct bundle *bundle, const struct member *member,
			 const char *folder, const char *path, char **ret)
{
	_content_ struct content content = { 0 };
	_free_ char *file = NULL, *parent = NULL;
	struct error *error = bundle_read_plain(bundle, member, &content);

	if (error)
		return error;
	if (asprintf(&file, "%s/%s", folder, path) < 0)
		return file = NULL, error_nomem();
	parent = strdup(file);
	if (!parent)
		return error_nomem();
	*strrchr(parent, '/') = '\0';
	error = file_make_folder(parent, 0777);
	if (!error)
		error = file_write(file, content.bytes.data, content.bytes.size, 0644);
	if (!error && member->mtime > 0)
		set_time(file, member->mtime);
	if (!error && ret)
		*ret = take(file);
	return error;
}

/* Modules for other kernels than the target's are for other runs. */
static bool is_for(const struct gate *gate, const struct member *member)
{
	const char *at = strstr(member->path, "lib/modules/");
	size_t n = strlen(gate->kernel.release);

	if (!at)
		return true;
	at += strlen("lib/modules/");
	return !strncmp(at, gate->kernel.release, n) && at[n] == '/';
}

static struct error *take_module(struct gate *gate, const struct bundle *bundle,
				 const struct member *member)
{
	_free_ char *name = strdup(path_base(member->path)), *folder = NULL, *path = NULL;
	struct error *error;

	if (!name || asprintf(&folder, "%s/modules", gate->folder) < 0)
		return error_nomem();
	*(strstr(name, ".ko") + strlen(".ko")) = '\0';
	error = put(bundle, member, folder, name, &path);
	if (!error)
		error = string_list_add(&gate->modules, path);
	if (!error)
		path = NULL;
	return error;
}

/* The folder that holds @name in the bundle's members, as a prefix length; or -1. */
static const struct member *find_source(const struct bundle *bundle)
{
	static const char *const names[] = { "dkms.conf", "Kbuild", "Makefile" };

	for (size_t n = 0; n < sizeof(names) / sizeof(*names); n++)
		for (size_t i = 0; i < bundle->count; i++)
			if (bundle->members[i].kind == MEMBER_FILE &&
			    !strcmp(path_base(bundle->members[i].path), names[n]))
				return &bundle->members[i];
	return NULL;
}

static struct error *take_sources(struct gate *gate, const struct bundle *bundle,
				  const struct member *marker)
{
	size_t prefix = path_base(marker->path) - marker->path;
	_free_ char *folder = NULL;
	struct error *error = NULL;

	if (asprintf(&folder, "%s/source", gate->folder) < 0)
		return folder = NULL, error_nomem();
	error = file_remove_tree(folder);
	for (size_t i = 0; !error && i < bundle->count; i++) {
		const struct member *member = &bundle->members[i];

		if (member->kind == MEMBER_FILE &&
		    member->container == marker->container &&
		    !strncmp(member->path, marker->path, prefix))
			error = put(bundle, member, folder, member->path + prefix, NULL);
	}
	if (!error)
		error = load_config(gate, folder);
	gate->source = take(folder);
	return error;
}

static struct error *other_releases(const struct gate *gate, const struct bundle *bundle)
{
	for (size_t i = 0; i < bundle->count; i++) {
		const char *at = strstr(bundle->members[i].path, "lib/modules/");
		size_t n;

		if (!at || !path_is_module(bundle->members[i].path))
			continue;
		at += strlen("lib/modules/");
		n = strcspn(at, "/");
		return error_new(
			ERROR_INPUT,
			"%s holds modules for %.*s, and the target kernel is %s: "
			"fetch that one with './setup --kernel %.*s build', then give "
			"--kernel %.*s",
			gate->path, (int)n, at, gate->kernel.release, (int)n, at, (int)n,
			at);
	}
	return error_new(
		ERROR_INPUT,
		"%s holds no kernel module and no module sources (*.ko, dkms.conf or "
		"Kbuild): is it the driver's package?",
		gate->path);
}

static struct error *open_container(struct gate *gate)
{
	_cleanup_(bundle_destroy) struct bundle *bundle = NULL;
	struct error *error = bundle_open(gate->path, NULL, &bundle);
	const struct member *marker;

	if (error)
		return error;
	for (size_t i = 0; !error && i < bundle->count; i++)
		if (bundle->members[i].kind == MEMBER_FILE &&
		    path_is_module(bundle->members[i].path) &&
		    is_for(gate, &bundle->members[i]))
			error = take_module(gate, bundle, &bundle->members[i]);
	if (error || gate->modules.count)
		return error;
	marker = find_source(bundle);
	if (marker)
		return take_sources(gate, bundle, marker);
	return other_releases(gate, bundle);
}

/* Debug files of a module usually lie beside it. */
static char *own_folder(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? strndup(path, slash - path + 1) : strdup(".");
}

struct error *gate_open(struct gate *gate)
{
	struct error *error = NULL;
	struct stat st;

	if (stat(gate->path, &st))
		return error_new(ERROR_USAGE, "cannot look at %s", gate->path);
	if (gate->options->config)
		error = gate_config_load(gate->options->config, &gate->config);
	if (error)
		return error;
	if (S_ISDIR(st.st_mode) && has_build_file(gate->path)) {
		gate->kind = SUBJECT_FOLDER;
		gate->source = realpath(gate->path, NULL);
		return gate->source ? load_config(gate, gate->source) : error_nomem();
	}
	gate->kind = path_is_module(gate->path) ? SUBJECT_MODULE : SUBJECT_PACKAGE;
	if (gate->kind == SUBJECT_MODULE) {
		gate->debug = own_folder(gate->path);
		if (!gate->debug)
			return error_nomem();
	}
	return open_container(gate);
}
