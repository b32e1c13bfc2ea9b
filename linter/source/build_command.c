/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/source/build_command.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/strbuf.h"
#include "common/file.h"
#include "linter/arena.h"
#include "linter/source/make_state.h"
#include "linter/source/units.h"
#include "readers/dkms_conf.h"

/* A variable of dkms' own, "$name" or "${name}", and what it stands for. */
struct variable {
	const char *name, *value;
};

/* Puts the values in; dkms' build folder is where the tree is copied to. */
static void put_in(const char *text, const struct variable *variables, size_t count,
		   struct strbuf *out)
{
	while (*text) {
		bool braces = text[0] == '$' && text[1] == '{', found = false;
		const char *name = text + 1 + braces;

		for (size_t i = 0; *text == '$' && !found && i < count; i++) {
			size_t length = strlen(variables[i].name);

			if (strncmp(name, variables[i].name, length) ||
			    (braces ? name[length] != '}'
				    : isalnum((unsigned char)name[length]) ||
					      name[length] == '_'))
				continue;
			strbuf_adds(out, variables[i].value);
			text = name + length + braces;
			found = true;
		}
		if (!found)
			strbuf_addc(out, *text++);
	}
}

static void replace_all(const char *text, const char *from, const char *to,
			struct strbuf *out)
{
	size_t n = strlen(from);

	for (const char *next; (next = strstr(text, from)); text = next + n) {
		strbuf_add(out, text, (size_t)(next - text));
		strbuf_adds(out, to);
	}
	strbuf_adds(out, text);
}

/* NAME=value, for make to take, and known to the end. */
static bool is_variable(const char *word)
{
	static const char *const ours[] = { "M", "SUBDIRS", "V", "O", "KERNELRELEASE" };
	const char *equal = strchr(word, '=');

	if (!equal || equal == word || strpbrk(word, "$`\1") ||
	    isdigit((unsigned char)*word))
		return false;
	for (const char *at = word; at < equal; at++)
		if (!isalnum((unsigned char)*at) && *at != '_')
			return false;
	for (size_t i = 0; i < ARRAY_LENGTH(ours); i++)
		if (strlen(ours[i]) == (size_t)(equal - word) &&
		    !strncmp(word, ours[i], (size_t)(equal - word)))
			return false;
	return true;
}

static const char *value_of(const struct dkms_conf *conf, const char *name)
{
	const struct dkms_directive *d = dkms_conf_find(conf, name, 0);

	return d ? d->value : "";
}

/* The command with dkms' own variables put in. */
static struct error *command_of(const struct dkms_conf *conf, const char *folder,
				const struct kernel *kernel, char **ret)
{
	const struct variable variables[] = {
		{ "dkms_tree", "\1" },
		{ "source_tree", "\1" },
		{ "kernel_source_dir", kernel->folder },
		{ "kernelver", kernel->release ? kernel->release : "$" },
		{ "module", value_of(conf, "PACKAGE_NAME") },
		{ "module_version", value_of(conf, "PACKAGE_VERSION") },
	};
	_strbuf_ struct strbuf text = STRBUF_INIT, whole = STRBUF_INIT;
	_free_ char *build = NULL;

	put_in(value_of(conf, "MAKE"), variables, ARRAY_LENGTH(variables), &text);
	if (asprintf(&build, "\1/%s/%s/build", value_of(conf, "PACKAGE_NAME"),
		     value_of(conf, "PACKAGE_VERSION")) < 0)
		return build = NULL, error_nomem();
	replace_all(strbuf_string(&text), build, folder, &whole);
	return strbuf_steal(&whole, ret);
}

/* Adds the variables among the words of @command to those in @ret. */
static struct error *add_words(const char *command, struct arena *arena,
			       struct build_command *ret)
{
	size_t count = 0, n = 0;
	char **words = NULL;
	const char **kept;
	bool ok;
	struct error *error = command_split(command, &words);

	if (error)
		return error;
	while (words[count])
		count++;
	while (ret->variables && ret->variables[n])
		n++;
	kept = arena_alloc(arena, (n + count + 1) * sizeof(*kept));
	ok = kept;
	if (ok && n)
		memcpy(kept, ret->variables, n * sizeof(*kept));
	for (size_t i = 0; i < count; i++) {
		if (ok && is_variable(words[i])) {
			kept[n] = arena_string(arena, words[i]);
			ok = kept[n++];
		}
		free(words[i]);
	}
	free(words);
	if (!ok)
		return error_nomem();
	ret->variables = kept;
	return NULL;
}

struct error *build_command_of_dkms(const struct dkms_conf *conf, const char *folder,
				    const struct kernel *kernel, struct arena *arena,
				    struct build_command *ret)
{
	_free_ char *command = NULL;
	struct error *error = command_of(conf, folder, kernel, &command);

	if (!error)
		error = add_words(command, arena, ret);
	if (!error)
		ret->is_kbuild = strstr(command, "-C ") && strstr(command, "M=");
	return error;
}

/* "make -C $(KDIR) M=$(PWD) modules", but not what cleans or installs. */
static bool calls_kbuild(const char *recipe)
{
	return strstr(recipe, "-C") &&
	       (strstr(recipe, "M=") || strstr(recipe, "SUBDIRS=")) &&
	       !strstr(recipe, "clean") && !strstr(recipe, "install");
}

static struct error *add_recipe(struct make *make, const char *recipe,
				struct arena *arena, struct build_command *ret)
{
	_strbuf_ struct strbuf command = STRBUF_INIT;

	make_expand(make, recipe, strlen(recipe), &command);
	if (!calls_kbuild(strbuf_string(&command)))
		return NULL;
	ret->is_kbuild = true;
	return add_words(strbuf_string(&command), arena, ret);
}

/* What a makefile finds when somebody calls make in its folder. */
static struct error *start(struct make *make, const char *folder,
			   const struct kernel *kernel, const char *const *variables)
{
	struct error *error = make_set(make, "PWD", folder, MAKE_ENVIRONMENT);

	if (!error)
		error = make_set(make, "CURDIR", folder, MAKE_FILE);
	if (!error)
		error = make_set(make, "MAKE", "make", MAKE_FILE);
	if (!error)
		error = make_set(make, "KERNELDIR", kernel->folder, MAKE_ENVIRONMENT);
	return error ? error : make_set_words(make, variables);
}

struct error *build_command_of_makefile(const char *folder, const struct kernel *kernel,
					struct arena *arena, struct build_command *ret)
{
	_cleanup_(make_destroy) struct make *make = NULL;
	const struct make_settings settings = { folder, kernel->release };
	_free_ char *path = NULL, *recipes = NULL;
	struct error *error = file_join(folder, "Makefile", &path);
	char *save = NULL;

	if (!error && access(path, R_OK))
		return NULL;
	if (!error)
		error = make_create(NULL, &settings, &make);
	if (!error)
		error = start(make, folder, kernel, ret->variables);
	if (!error)
		error = make_read(make, path);
	if (error && error_kind(error) != ERROR_NOMEM) {
		error_destroy(error); /* whoever reads it for its objects will say so */
		return NULL;
	}
	if (!error) {
		recipes = strdup(make_recipes(make));
		error = recipes ? NULL : error_nomem();
	}
	for (char *one = error ? NULL : strtok_r(recipes, "\n", &save);
	     one && !error && !ret->is_kbuild; one = strtok_r(NULL, "\n", &save))
		error = add_recipe(make, one, arena, ret);
	return error;
}
