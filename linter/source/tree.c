/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/source/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "linter/source/build_command.h"
#include "linter/source/kbuild.h"
#include "linter/source/kbuild_base.h"
#include "linter/source/units.h"
#include "readers/bundle.h"
#include "readers/dkms_conf.h"

/* Whether @path lies in @folder or below. */
static bool lies_below(const char *folder, const char *path)
{
	size_t length = strlen(folder);

	return !strncmp(folder, path, length) && (path[length] == '/' || !path[length]);
}

/* The folder of a member on disk. Owned, NULL: out of memory. */
static char *folder_of(const struct tree *tree, const struct member *member)
{
	char *folder = NULL;
	int length = (int)(path_base(member->path) - member->path);

	if (asprintf(&folder, "%s/%.*s", tree->model->root, length ? length - 1 : 0,
		     member->path) < 0)
		return NULL;
	if (folder[strlen(folder) - 1] == '/')
		folder[strlen(folder) - 1] = 0;
	return folder;
}

/* The dkms.conf above @folder: what it hands to make; nothing where there is none. */
static struct error *read_dkms(const struct tree *tree, const char *folder,
			       struct build_command *ret)
{
	struct error *error = NULL;

	for (size_t i = 0; !error && i < tree->container->count; i++) {
		const struct member *member =
			&tree->bundle->members[tree->container->first + i];
		_cleanup_(dkms_conf_destroy) struct dkms_conf *conf = NULL;
		_content_ struct content content = { 0 };
		_free_ char *above = NULL;

		if (member->kind != MEMBER_FILE ||
		    strcmp(path_base(member->path), "dkms.conf"))
			continue;
		above = folder_of(tree, member);
		if (!above)
			return error_nomem();
		if (!lies_below(above, folder))
			continue;
		error = bundle_read(tree->bundle, member, &content);
		if (!error)
			error = dkms_conf_create(content.bytes, &conf);
		if (!error)
			error = build_command_of_dkms(conf, above, tree->kernel,
						      tree->model->arena, ret);
		/* the rules of dkms.conf say what is wrong with it */
		if (error && error_kind(error) != ERROR_NOMEM) {
			error_destroy(error);
			error = NULL;
		}
	}
	return error;
}

/* One folder: by reading, else by asking; @why as in tree_units(). */
static struct error *folder_units(const struct tree *tree, const struct kbuild_base *base,
				  const char *folder, size_t first,
				  struct unit_commands *ret, char **why)
{
	struct build_command command = { 0 };
	_free_ char *reason = NULL;
	struct error *error = read_dkms(tree, folder, &command);

	*why = NULL;
	if (!error && !command.is_kbuild)
		error = build_command_of_makefile(folder, tree->kernel,
						  tree->model->arena, &command);
	if (!error && base)
		error = kbuild_units(
			base,
			&(struct kbuild_request){ .folder = folder,
						  .variables = command.variables,
						  .first = first,
						  .lenient = !tree->run_make },
			ret, &reason);
	if (error || (base && !reason))
		return error;
	if (!tree->run_make) {
		*why = take(reason);
		return NULL;
	}
	error = units_from_kbuild(folder, tree->kernel->folder, command.variables, ret);
	if (!error || error_kind(error) == ERROR_NOMEM)
		return error;
	if (asprintf(why, "%s%s%s", reason ? reason : "", reason ? "; " : "",
		     error_message(error)) < 0)
		*why = NULL;
	error_destroy(error);
	return *why ? NULL : error_nomem();
}

static struct error *all_units(const struct tree *tree, const struct kbuild_base *base,
			       struct unit_commands *ret, char **why)
{
	_free_ char *known = NULL, *last = NULL;
	size_t first = ret->count;
	struct error *error = NULL;

	for (size_t i = 0; !error && i < tree->model->file_count; i++) {
		const struct source_file *file = &tree->model->files[i];
		_free_ char *folder = NULL, *reason = NULL;
		size_t before = ret->count;

		if (!file->modules)
			continue;
		folder = strndup(file->disk,
				 (size_t)(path_base(file->disk) - file->disk - 1));
		if (!folder)
			return error_nomem();
		/* Kbuild and Makefile of one folder are asked as one */
		if ((known && lies_below(known, folder)) ||
		    (last && !strcmp(last, folder)))
			continue;
		error = folder_units(tree, base, folder, first, ret, &reason);
		if (reason && !*why)
			*why = take(reason);
		free(last);
		last = strdup(folder);
		if (!error && !last)
			return error_nomem();
		if (error || ret->count == before)
			continue;
		free(known);
		known = take(folder);
	}
	return error;
}

struct error *tree_units(const struct tree *tree, struct unit_commands *ret, char **why)
{
	_cleanup_(kbuild_base_destroy) struct kbuild_base *base = NULL;
	struct error *error = kbuild_base_create(tree->kernel->folder, &base);

	*why = NULL;
	if (error && error_kind(error) == ERROR_NOMEM)
		return error;
	if (error && !tree->run_make) {
		*why = strdup(error_message(error));
		error_destroy(error);
		return *why ? NULL : error_nomem();
	}
	error_destroy(error);
	return all_units(tree, base, ret, why);
}
