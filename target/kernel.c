/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/kernel.h"

#include <errno.h>
#include <libkmod.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "common/file.h"

static struct error *kernels_folder(char **ret)
{
	const char *given = getenv("BOOKEND_KERNELS");
	_free_ char *own = NULL;
	struct error *error;

	if (given) {
		*ret = strdup(given);
		return *ret ? NULL : error_nomem();
	}
	error = file_own_folder(&own);
	if (error)
		return error;
	/* the program lies in build/bin, build/tests/NAME, or a variant's build/asan/… */
	for (int level = 0; level < 6; level++) {
		char *slash = strrchr(own, '/');
		_free_ char *folder = NULL;

		error = file_join(own, "kernels", &folder);
		if (error)
			return error;
		if (!access(folder, X_OK)) {
			*ret = take(folder);
			return NULL;
		}
		if (!slash || slash == own)
			break;
		*slash = 0;
	}
	*ret = strdup("build/kernels");
	return *ret ? NULL : error_nomem();
}

static struct error *fill(struct kernel *k)
{
	static const char *const no_config;
	char resolved[PATH_MAX];
	const char *slash;

	if (asprintf(&k->image, "%s/vmlinuz", k->folder) < 0) {
		k->image = NULL;
		return error_nomem();
	}
	if (access(k->image, R_OK))
		return error_new(ERROR_MISSING,
				 "there is no target kernel %s; "
				 "'./setup build' fetches it, --kernel names another",
				 k->image);
	if (asprintf(&k->modules, "%s/modules", k->folder) < 0) {
		k->modules = NULL;
		return error_nomem();
	}
	if (!realpath(k->modules, resolved))
		return error_errno(errno, "kernel %s lacks its modules: %s", k->folder,
				   k->modules);
	free(k->modules);
	k->modules = strdup(resolved);
	slash = strrchr(resolved, '/');
	k->release = strdup(slash ? slash + 1 : resolved);
	k->kmod = kmod_new(resolved, &no_config);
	if (!k->modules || !k->release || !k->kmod)
		return error_nomem();
	return NULL;
}

struct error *kernel_find(const char *name, struct kernel *ret)
{
	_kernel_ struct kernel k = { 0 };
	_free_ char *parent = NULL;
	struct error *error;

	if (name && strchr(name, '/')) {
		k.folder = strdup(name);
		error = k.folder ? NULL : error_nomem();
	} else {
		error = kernels_folder(&parent);
		if (!error)
			error = file_join(parent, name ? name : "default", &k.folder);
	}
	if (!error)
		error = fill(&k);
	if (error)
		return error;
	*ret = k;
	k = (struct kernel){ 0 };
	return NULL;
}

void kernel_deinit(struct kernel *kernel)
{
	free(kernel->folder);
	free(kernel->image);
	free(kernel->modules);
	free(kernel->release);
	kmod_unref(kernel->kmod);
	*kernel = (struct kernel){ 0 };
}

static struct error *add_path(struct kmod_module *module, char ***files, size_t *count)
{
	const char *path = kmod_module_get_path(module);
	char **grown;

	if (!path)
		return NULL; /* built in */
	grown = realloc(*files, (*count + 1) * sizeof(*grown));
	if (!grown)
		return error_nomem();
	*files = grown;
	grown[*count] = strdup(path);
	if (!grown[*count])
		return error_nomem();
	++*count;
	return NULL;
}

/* What @module needs, deepest first, then itself. */
static struct error *add_module(struct kmod_module *module, char ***files, size_t *count)
{
	struct kmod_list *needed = kmod_module_get_dependencies(module), *it;
	struct error *error = NULL;

	kmod_list_foreach(it, needed)
	{
		struct kmod_module *one = kmod_module_get_module(it);

		if (!error)
			error = add_path(one, files, count);
		kmod_module_unref(one);
	}
	kmod_module_unref_list(needed);
	return error ? error : add_path(module, files, count);
}

struct error *kernel_module_files(struct kernel *kernel, const char *name, char ***ret,
				  size_t *count)
{
	struct kmod_list *found = NULL, *it;
	struct error *error = NULL;
	char **files = NULL;
	size_t n = 0;
	int rc = kmod_module_new_from_lookup(kernel->kmod, name, &found);

	if (rc < 0)
		return error_errno(-rc, "cannot look for module %s of kernel %s", name,
				   kernel->release);
	if (!found)
		return error_new(ERROR_INPUT, "kernel %s has no module '%s'",
				 kernel->release, name);
	kmod_list_foreach(it, found)
	{
		struct kmod_module *module = kmod_module_get_module(it);

		if (!error)
			error = add_module(module, &files, &n);
		kmod_module_unref(module);
	}
	kmod_module_unref_list(found);
	if (error) {
		while (n)
			free(files[--n]);
		free(files);
		return error;
	}
	*ret = files;
	*count = n;
	return NULL;
}
