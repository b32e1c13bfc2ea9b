/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/source/kbuild.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "linter/source/kbuild_base.h"
#include "linter/source/make_state.h"

enum { FOLDERS_MAXIMUM = 2000, FOLDERS_DEEPEST = 20 };

/*
 * Variables that kbuild fills and makefiles add to: each holds a word that stands for
 * what was there. What comes before it is put before the kernel's own arguments.
 */
static const struct {
	const char *name, *mark;
	bool before; /* additions go before the kernel's include paths */
} shared[] = {
	{ "NOSTDINC_FLAGS", "\2N", true },	  { "LINUXINCLUDE", "\2I", false },
	{ "KBUILD_CPPFLAGS", "\2P", false },	  { "KBUILD_CFLAGS", "\2C", false },
	{ "KBUILD_CFLAGS_MODULE", "\2M", false },
};

/* One folder that is read. */
struct folder {
	const struct kbuild_base *base;
	const char *top;  /* M */
	const char *path; /* of the folder, absolute */
	struct make *make;
	const char *subdir_flags; /* of the folders above */
	struct unit_commands *units;
	size_t first; /* of them: those before are of other kernels */
	struct strbuf *why;
	unsigned int *folders;
	bool lenient;
	bool *stopped; /* @why says what was given up */
	unsigned int depth;
};

static bool given_up(const struct folder *f)
{
	return *f->stopped;
}

static void give_up(const struct folder *f, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void give_up(const struct folder *f, const char *format, ...)
{
	va_list args;

	if (given_up(f))
		return;
	*f->stopped = true;
	strbuf_truncate(f->why, 0);
	va_start(args, format);
	strbuf_addv(f->why, format, args);
	va_end(args);
}

/* The value of a variable that the answer depends on. */
static struct error *value_of(const struct folder *f, const char *name, char **ret)
{
	struct error *error = make_value(f->make, name, ret);

	if (!error && strchr(*ret, MAKE_UNKNOWN))
		give_up(f, "%s depends on %s", name,
			make_reason(f->make) ? make_reason(f->make) : "a program");
	return error;
}

/* The flags in a variable; what cannot be known of them is left out where that may be. */
static struct error *flags_of(const struct folder *f, const char *name, char **ret)
{
	const char *why = NULL, *at, *word;
	_strbuf_ struct strbuf kept = STRBUF_INIT;
	size_t length;
	struct error *error;

	if (!f->lenient)
		return value_of(f, name, ret);
	error = make_value(f->make, name, ret);
	if (error || !strchr(*ret, MAKE_UNKNOWN))
		return error;
	why = make_reason(f->make);
	if (!f->why->length)
		strbuf_addf(f->why, "%s is not all known: %s", name,
			    why ? why : "a program says");
	for (at = *ret; (word = make_word(&at, &length));) {
		if (memchr(word, MAKE_UNKNOWN, length))
			continue;
		strbuf_add(&kept, word, length);
		strbuf_addc(&kept, ' ');
	}
	free(*ret);
	*ret = NULL;
	return strbuf_steal(&kept, ret);
}

/* The value of a list: those of NAME-y and NAME-m, one after the other. */
static struct error *add_value(const struct folder *f, bool flags, const char *format,
			       const char *object, struct strbuf *ret)
	__attribute__((format(printf, 3, 0)));

static struct error *add_value(const struct folder *f, bool flags, const char *format,
			       const char *object, struct strbuf *ret)
{
	_free_ char *name = NULL, *value = NULL;
	struct error *error;

	if (asprintf(&name, format, object) < 0)
		return name = NULL, error_nomem();
	error = flags ? flags_of(f, name, &value) : value_of(f, name, &value);
	if (error)
		return error;
	strbuf_addc(ret, ' ');
	strbuf_adds(ret, value);
	return NULL;
}

/* What the makefile adds before and behind the kernel's own arguments. */
static struct error *add_shared(const struct folder *f, struct strbuf *before,
				struct strbuf *behind)
{
	for (size_t i = 0; i < ARRAY_LENGTH(shared); i++) {
		_free_ char *value = NULL;
		struct error *error = flags_of(f, shared[i].name, &value);
		char *mark = error ? NULL : strstr(value, shared[i].mark);

		if (error)
			return error;
		if (!mark) {
			give_up(f, "the makefile replaces %s", shared[i].name);
			return NULL;
		}
		*mark = 0;
		strbuf_addc(before, ' ');
		strbuf_adds(before, value);
		strbuf_addc(shared[i].before ? before : behind, ' ');
		strbuf_adds(shared[i].before ? before : behind,
			    mark + strlen(shared[i].mark));
	}
	return NULL;
}

static bool has_word(const char *text, const char *word)
{
	const char *at = text, *one;
	size_t length;

	while ((one = make_word(&at, &length)))
		if (length == strlen(word) && !memcmp(one, word, length))
			return true;
	return false;
}

/* The words of @text that are not among those of @removed. */
static void add_without(struct strbuf *out, const char *text, const char *removed)
{
	const char *at = text, *one;
	size_t length;

	while ((one = make_word(&at, &length))) {
		_free_ char *word = strndup(one, length);

		out->failed |= !word;
		if (!word || has_word(removed, word))
			continue;
		strbuf_addc(out, ' ');
		strbuf_adds(out, word);
	}
}

/* @stem: of the object below the folder, "sub/part". */
static struct error *add_flags(const struct folder *f, const char *stem,
			       struct strbuf *before, struct strbuf *behind)
{
	static const char *const all[] = { "ccflags-y", "CFLAGS_MODULE", "KCPPFLAGS",
					   "KCFLAGS" };
	_strbuf_ struct strbuf flags = STRBUF_INIT, removed = STRBUF_INIT;
	struct error *error = add_shared(f, before, behind);

	strbuf_adds(&flags, f->subdir_flags);
	/* gone with 6.15 */
	if (!error && f->base->version * 1000 + f->base->patchlevel < 6015)
		error = add_value(f, true, "%s", "EXTRA_CFLAGS", &flags);
	for (size_t i = 0; !error && i < ARRAY_LENGTH(all); i++)
		error = add_value(f, true, "%s", all[i], &flags);
	if (!error)
		error = add_value(f, true, "%s", "ccflags-remove-y", &removed);
	if (!error)
		error = add_value(f, true, "CFLAGS_REMOVE_%s.o", stem, &removed);
	if (!error)
		error = add_value(f, true, "CFLAGS_%s.o", stem, &flags);
	add_without(behind, strbuf_string(&flags), strbuf_string(&removed));
	return error ? error : strbuf_error(behind);
}

/* The argument list of one unit; strings are not owned. */
struct words {
	const char **items;
	size_t count, capacity;
};

static bool add_word(struct words *words, const char *word)
{
	if (!array_grow(words->items, words->count, words->capacity))
		return false;
	words->items[words->count++] = word;
	return true;
}

static bool add_split(struct words *words, char **list)
{
	for (; *list; list++)
		if (!add_word(words, *list))
			return false;
	return true;
}

/* What the kernel gives to all, without the names of the empty module. */
static bool add_base(struct words *words, const struct kbuild_base *base)
{
	const struct unit_command *c = &base->commands.items[0];

	for (size_t i = 0; i < c->count; i++)
		if (!strstr(c->arguments[i], KBUILD_PROBE) &&
		    !add_word(words, c->arguments[i]))
			return false;
	return true;
}

static void underscore(char *text)
{
	for (; *text; text++)
		if (*text == '-' || *text == ',')
			*text = '_';
}

static void free_list(char ***list)
{
	for (char **at = *list; at && *at; at++)
		free(*at);
	free(*list);
}

/* One command with everything in its place. */
static struct error *add_command(const struct folder *f, const char *stem,
				 const char *module, const char *file)
{
	_strbuf_ struct strbuf before = STRBUF_INIT, behind = STRBUF_INIT;
	char **first __attribute__((cleanup(free_list))) = NULL;
	char **last __attribute__((cleanup(free_list))) = NULL;
	_free_ char *base = strdup(strrchr(stem, '/') ? strrchr(stem, '/') + 1 : stem);
	_free_ char *name = strdup(module), *base_define = NULL, *module_define = NULL,
		    *id_define = NULL;
	struct words words = { 0 };
	struct error *error =
		base && name ? add_flags(f, stem, &before, &behind) : error_nomem();
	bool ok;

	if (error || given_up(f))
		return error;
	underscore(base);
	underscore(name);
	if (asprintf(&base_define, "-DKBUILD_BASENAME=\"%s\"", base) < 0)
		return base_define = NULL, error_nomem();
	if (asprintf(&module_define, "-DKBUILD_MODNAME=\"%s\"", name) < 0)
		return module_define = NULL, error_nomem();
	if (asprintf(&id_define, "-D__KBUILD_MODNAME=kmod_%s", name) < 0)
		return id_define = NULL, error_nomem();
	error = command_split(strbuf_string(&before), &first);
	if (!error)
		error = command_split(strbuf_string(&behind), &last);
	if (error)
		return error;
	ok = add_word(&words, "gcc") && add_split(&words, first) &&
	     add_base(&words, f->base) && add_split(&words, last) &&
	     add_word(&words, base_define) && add_word(&words, module_define) &&
	     add_word(&words, id_define) && add_word(&words, "-c") &&
	     add_word(&words, file);
	error = ok ? command_add(f->base->headers, words.items, words.count, f->units)
		   : error_nomem();
	free(words.items);
	return error;
}

static bool is_known(const struct folder *f, const char *file)
{
	for (size_t i = f->first; i < f->units->count; i++)
		if (f->units->items[i].file && !strcmp(f->units->items[i].file, file))
			return true;
	return false;
}

/* "part.o" of @module: a C file, assembly, something shipped as an object, or nothing. */
static struct error *add_object(const struct folder *f, const char *object, size_t length,
				const char *module)
{
	static const char *const others[] = { ".S", ".o_shipped", ".o", ".rs" };
	_free_ char *stem = strndup(object, length - 2), *file = NULL;

	if (!stem || asprintf(&file, "%s/%s.c", f->path, stem) < 0)
		return file = NULL, error_nomem();
	if (is_known(f, file))
		return NULL;
	if (!access(file, F_OK))
		return add_command(f, stem, module, file);
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++) {
		_free_ char *other = NULL;

		if (asprintf(&other, "%s/%s%s", f->path, stem, others[i]) < 0)
			return other = NULL, error_nomem();
		if (!access(other, F_OK))
			return NULL;
	}
	give_up(f, "there is no %s.c: the build makes it, or it is missing", stem);
	return NULL;
}

static struct error *read_folder(struct folder *f);

/* "sub/" of an object list. */
static struct error *add_folder(struct folder *f, const char *word, size_t length)
{
	_free_ char *path = NULL, *own = NULL;
	_strbuf_ struct strbuf flags = STRBUF_INIT;
	_cleanup_(make_destroy) struct make *make = NULL;
	struct folder below = *f;
	struct error *error;

	while (length && word[length - 1] == '/')
		length--;
	if (asprintf(&path, "%s/%.*s", f->path, (int)length, word) < 0)
		return path = NULL, error_nomem();
	if (f->depth >= FOLDERS_DEEPEST || ++*f->folders > FOLDERS_MAXIMUM) {
		give_up(f, "folders without end");
		return NULL;
	}
	error = flags_of(f, "subdir-ccflags-y", &own);
	if (!error)
		error = make_create(f->base->variables, &f->make->settings, &make);
	if (!error)
		error = make_export(f->make, make);
	if (error)
		return error;
	strbuf_addf(&flags, "%s %s", f->subdir_flags, own);
	below.path = path;
	below.make = make;
	below.subdir_flags = strbuf_string(&flags);
	below.depth++;
	return read_folder(&below);
}

/* "module.o" of obj-m: its parts, or itself. */
static struct error *add_module(struct folder *f, const char *word, size_t length)
{
	_free_ char *name = strndup(word, length - 2);
	_strbuf_ struct strbuf parts = STRBUF_INIT;
	const char *at, *part;
	bool any = false;
	struct error *error =
		name ? add_value(f, false, "%s-objs", name, &parts) : error_nomem();

	if (!error)
		error = add_value(f, false, "%s-y", name, &parts);
	if (!error)
		error = add_value(f, false, "%s-m", name, &parts);
	at = strbuf_string(&parts);
	while (!error && !given_up(f) && (part = make_word(&at, &length))) {
		any = true;
		if (length > 2 && !memcmp(part + length - 2, ".o", 2))
			error = add_object(f, part, length, name);
	}
	if (error || any || given_up(f))
		return error;
	return add_object(f, word, strlen(name) + 2, name);
}

static struct error *add_list(struct folder *f, const char *list)
{
	_free_ char *value = NULL;
	struct error *error = value_of(f, list, &value);
	const char *at = value, *word;
	size_t length;

	while (!error && !given_up(f) && (word = make_word(&at, &length))) {
		if (word[length - 1] == '/' || !strncmp(list, "subdir", 6))
			error = add_folder(f, word, length);
		else if (length > 2 && !memcmp(word + length - 2, ".o", 2))
			error = add_module(f, word, length);
	}
	return error;
}

/* What makefiles find set when kbuild reads them. */
static struct error *set_variables(const struct folder *f)
{
	const struct {
		const char *name, *value;
	} values[] = {
		{ "obj", f->path },	   { "src", f->path },
		{ "M", f->top },	   { "KBUILD_EXTMOD", f->top },
		{ "PWD", f->top },	   { "CURDIR", f->base->headers },
		{ "MAKE", "make" },	   { "MAKEFILE_LIST", "scripts/Makefile.build" },
		{ "KBUILD_VERBOSE", "1" },
	};
	struct error *error = NULL;

	for (size_t i = 0; !error && i < ARRAY_LENGTH(values); i++) {
		const struct make_variable *v = make_find(f->make, values[i].name);

		if (!v || v->origin != MAKE_COMMAND)
			error = make_set(f->make, values[i].name, values[i].value,
					 MAKE_FILE);
	}
	/* the kernel's makefile exports these: a folder finds what the one above added */
	for (size_t i = 0; !error && i < ARRAY_LENGTH(shared); i++)
		if (!make_find(f->make, shared[i].name))
			error = make_set(f->make, shared[i].name, shared[i].mark,
					 MAKE_ENVIRONMENT);
	return error;
}

static struct error *read_folder(struct folder *f)
{
	static const char *const names[] = { "Kbuild", "Makefile" };
	static const char *const lists[] = { "obj-y", "obj-m", "lib-y", "subdir-y",
					     "subdir-m" };
	_free_ char *path = NULL;
	struct error *error = set_variables(f);

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		free(path);
		if (asprintf(&path, "%s/%s", f->path, names[i]) < 0)
			return path = NULL, error_nomem();
		if (!access(path, R_OK))
			break;
	}
	if (!error)
		error = make_read(f->make, path);
	if (error) {
		if (error_kind(error) == ERROR_NOMEM)
			return error;
		give_up(f, "%s", error_message(error));
		error_destroy(error);
		return NULL;
	}
	if (make_lost(f->make))
		give_up(f, "%s/%s", f->path,
			make_reason(f->make) ? make_reason(f->make) : "makefile");
	for (size_t i = 0; !error && !given_up(f) && i < ARRAY_LENGTH(lists); i++)
		error = add_list(f, lists[i]);
	return error;
}

struct error *kbuild_units(const struct kbuild_base *base,
			   const struct kbuild_request *request,
			   struct unit_commands *ret, char **why)
{
	_cleanup_(make_destroy) struct make *make = NULL;
	_strbuf_ struct strbuf reason = STRBUF_INIT;
	_free_ char *release = NULL;
	unsigned int folders = 0;
	bool stopped = false;
	size_t before = ret->count;
	struct folder top = { .base = base,
			      .top = request->folder,
			      .path = request->folder,
			      .lenient = request->lenient,
			      .subdir_flags = "",
			      .units = ret,
			      .first = request->first,
			      .why = &reason,
			      .stopped = &stopped,
			      .folders = &folders };
	struct error *error = make_value(base->variables, "KERNELRELEASE", &release);

	*why = NULL;
	if (!error)
		error = make_create(base->variables,
				    &(struct make_settings){ base->headers, release },
				    &make);
	if (!error)
		error = make_set_words(make, request->variables);
	top.make = make;
	if (!error)
		error = read_folder(&top);
	if (error || given_up(&top))
		unit_commands_truncate(ret, before);
	if (error || !reason.length)
		return error;
	return strbuf_steal(&reason, why);
}
