/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/source/source.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "common/strbuf.h"
#include "linter/arena.h"
#include "linter/sdk.h"
#include "linter/source/import.h"
#include "linter/source/parse.h"
#include "linter/source/tree.h"
#include "linter/source/units.h"
#include "linter/source/unpack.h"
#include "readers/bundle.h"

enum { SOURCE_BYTES = 16 << 20 };

/* What is gathered for one container before its rules run. */
struct gathering {
	struct linter *linter;
	struct bundle *bundle;
	const struct container *container;
	struct source_model model;
	struct content *contents; /* of the model's files, in their order */
	size_t content_count;
	struct unit_commands commands;
	struct parse_request *requests;
	size_t request_count, request_capacity;
	size_t *request_commands; /* index of each one's command, which
				     may yet move */
	size_t request_command_capacity;
	struct kernels kernels;
	const char **extra; /* -I and -isysroot of the command line, NULL
			       at the end */
	bool linux_code, linux_header, apple_code, kbuild;
	char *unpacked; /* private folder with the files of a package, or
			   NULL */
};

static void gathering_deinit(struct gathering *g)
{
	for (size_t i = 0; i < g->content_count; i++)
		content_deinit(&g->contents[i]);
	free(g->contents);
	free(g->requests);
	free(g->request_commands);
	free(g->kernels.items);
	free(g->extra);
	if (g->unpacked)
		error_destroy(file_remove_tree(g->unpacked));
	free(g->unpacked);
	unit_commands_deinit(&g->commands);
	source_model_deinit(&g->model);
}

static bool ends_with_any(const char *path, const char *const *suffixes)
{
	for (; *suffixes; suffixes++)
		if (path_ends_with(path, *suffixes))
			return true;
	return false;
}

static bool is_code(const char *path)
{
	static const char *const suffixes[] = { ".c",	".h",  ".cpp", ".cc", ".cxx",
						".hpp", ".hh", ".mm",  NULL };

	return ends_with_any(path, suffixes) && !path_ends_with(path, ".mod.c");
}

static bool is_plus(const char *path)
{
	static const char *const suffixes[] = {
		".cpp", ".cc", ".cxx", ".hpp", ".hh", NULL
	};

	return ends_with_any(path, suffixes);
}

static bool is_build_file(const char *path)
{
	static const char *const suffixes[] = { ".pbxproj", ".xcconfig", ".mk", NULL };
	const char *base = path_base(path);

	return !strncmp(base, "Makefile", 8) || !strcmp(base, "Kbuild") ||
	       ends_with_any(path, suffixes);
}

/* Whether the text includes a header whose path begins so. */
static bool includes(struct span text, const char *prefix)
{
	size_t length = strlen(prefix);
	const char *at = (const char *)text.data, *end = at + text.size;

	while (at < end && (at = memmem(at, (size_t)(end - at), prefix, length))) {
		const char *line = at;

		while (line > (const char *)text.data && line[-1] != '\n')
			line--;
		while (line < at && (*line == ' ' || *line == '\t'))
			line++;
		if (*line == '#')
			return true;
		at += length;
	}
	return false;
}

static const char *const apple_headers[] = { "<IOKit/IOService.h", "<libkern/",
					     "<IOKit/IOLib.h", "<mach/mach_types.h" };

/*
 * Kernel code is what includes kernel headers: user programs that lie in
 * the same tree are nobody's business here.
 */
static void classify(struct gathering *g, struct source_file *file)
{
	static const char *const user[] = { "<stdio.h", "<stdlib.h", "<unistd.h",
					    "<errno.h", "<stdbool.h" };
	bool linux_code = includes(file->text, "<linux/module.h") ||
			  includes(file->text, "<linux/kernel.h") ||
			  includes(file->text, "<linux/init.h") ||
			  includes(file->text, "<linux/device.h") ||
			  includes(file->text, "<linux/slab.h");
	bool apple_code = false, user_code = false;

	for (size_t i = 0; i < ARRAY_LENGTH(user); i++)
		user_code |= includes(file->text, user[i]);
	/* programs include <linux/…> too, but not without the C library's
	 * headers
	 */
	linux_code |= !user_code && includes(file->text, "<linux/");
	for (size_t i = 0; i < ARRAY_LENGTH(apple_headers); i++)
		apple_code |= includes(file->text, apple_headers[i]);
	apple_code |= includes(file->text, "<IOKit/") && is_plus(file->path) &&
		      !includes(file->text, "<IOKit/IOKitLib.h");
	/* a source may leave the kernel's headers to its own */
	apple_code |= is_plus(file->path) &&
		      memmem(file->text.data, file->text.size, "OSDefineMetaClass", 17);
	file->kernel = linux_code || apple_code;
	file->cplusplus = is_plus(file->path);
	g->linux_code |= linux_code && path_ends_with(file->path, ".c");
	g->linux_header |= linux_code;
	g->apple_code |= apple_code && !path_ends_with(file->path, ".h");
}

static bool holds(struct span text, const char *word)
{
	return memmem(text.data, text.size, word, strlen(word));
}

/* Object lists, or folders of such that kbuild is sent to. */
static bool names_modules(struct span text)
{
	return holds(text, "obj-m") || holds(text, "obj-$(") ||
	       (holds(text, "obj-y") && holds(text, "M=$"));
}

static struct error *add_member(struct gathering *g, const struct member *member)
{
	struct content content = { 0 };
	struct content *contents;
	struct source_file *file;
	uint32_t index;
	_free_ char *path = NULL;
	struct error *error = member->kind == MEMBER_LINK
				      ? file_map(member->disk, &content.mapping)
				      : bundle_read(g->bundle, member, &content);

	if (error) {
		/* unreadable files are told by the container's own rules
		 */
		error_destroy(error);
		return NULL;
	}
	if (member->kind == MEMBER_LINK)
		content.bytes = content.mapping.bytes;
	if (asprintf(&path, "%s/%s", g->model.root,
		     *member->path ? member->path : path_base(member->name)) < 0)
		path = NULL;
	error = path ? model_file(&g->model, path, member, &index) : error_nomem();
	contents =
		error ? NULL
		      : realloc(g->contents, (g->content_count + 1) * sizeof(*contents));
	if (!contents || index != g->content_count) {
		content_deinit(&content);
		return error ? error : contents ? NULL : error_nomem();
	}
	g->contents = contents;
	g->contents[g->content_count++] = content;
	file = &g->model.files[index];
	file->text = content.bytes;
	file->mtime = member->mtime;
	file->build = is_build_file(member->path);
	if (file->build)
		g->kbuild |= file->modules = names_modules(file->text);
	else
		classify(g, file);
	return NULL;
}

static struct error *add_members(struct gathering *g)
{
	const struct container *container = g->container;
	struct error *error = NULL;

	for (size_t i = 0; !error && i < container->count; i++) {
		const struct member *member = &g->bundle->members[container->first + i];

		if (member->kind != MEMBER_FILE && member->kind != MEMBER_HARDLINK &&
		    !(member->kind == MEMBER_LINK && member->disk))
			continue;
		if (is_code(member->path) || is_build_file(member->path))
			error = add_member(g, member);
	}
	return error;
}

static struct error *tell(struct gathering *g, bool asked, const char *what,
			  const char *why)
{
	return linter_not_checked(g->linter, asked, NULL, what, "%s", why);
}

/* Why these bytes are not given to a compiler, or NULL. */
static const char *no_source(struct span text)
{
	if (text.size > SOURCE_BYTES)
		return "is too large to be source that somebody wrote";
	if (text.size && memchr(text.data, 0, text.size))
		return "is no text: it holds NUL bytes";
	return NULL;
}

static struct error *add_request(struct gathering *g, size_t which, const char *target,
				 bool primary)
{
	const struct unit_command *command = &g->commands.items[which];
	_free_ char *path = NULL;
	struct parse_request *request;
	uint32_t index = UINT32_MAX;
	const char *why;
	struct error *error = NULL;

	if (*command->file == '/')
		path = strdup(command->file);
	else if (command->directory &&
		 asprintf(&path, "%s/%s", command->directory, command->file) < 0)
		path = NULL;
	if (!path && command->directory)
		return error_nomem();
	if (!path)
		return tell(g, true, command->file,
			    "the folder that it was compiled in is not known");
	error = model_file(&g->model, path, NULL, &index);
	if (error || index == UINT32_MAX || index >= g->content_count)
		return error; /* somebody else's file */
	why = no_source(g->model.files[index].text);
	if (why) {
		g->model.files[index].kernel = false;
		return tell(g, true, g->model.files[index].path, why);
	}
	if (!array_grow(g->requests, g->request_count, g->request_capacity) ||
	    !array_grow(g->request_commands, g->request_count,
			g->request_command_capacity))
		return error_nomem();
	g->request_commands[g->request_count] = which;
	request = &g->requests[g->request_count++];
	*request = (struct parse_request){
		.directory = command->directory,
		.file = g->model.files[index].disk,
		.path = g->model.files[index].path,
		.target = target,
		.primary = primary,
		.extra = g->extra,
	};
	g->model.files[index].kernel = true;
	return NULL;
}

static struct error *add_requests(struct gathering *g, size_t first, const char *target,
				  bool primary)
{
	struct error *error = NULL;

	for (size_t i = first; !error && i < g->commands.count; i++)
		error = add_request(g, i, target, primary);
	return error;
}

/*
 * Units of folders that name modules. Their makefile is read; it is run
 * (make -n) only for folders of the user's, never for what came in a
 * package.
 */
static struct error *ask_kbuild(struct gathering *g, const struct kernel *kernel,
				bool primary)
{
	const struct tree tree = { .bundle = g->bundle,
				   .container = g->container,
				   .model = &g->model,
				   .kernel = kernel,
				   .run_make = !g->unpacked ||
					       g->linter->options->run_makefiles };
	size_t before = g->commands.count;
	_free_ char *why = NULL;
	struct error *error = tree_units(&tree, &g->commands, &why);

	if (!error)
		error = add_requests(g, before, kernel->name, primary);
	if (error || (!why && g->commands.count > before))
		return error;
	return linter_not_checked(
		g->linter, true, NULL, g->container->name,
		g->unpacked ? "%s; make may be asked with --run-makefiles, and "
			      "`bookend gate` builds it"
			    : "%s; build the driver with its own command, "
			      "then what that leaves behind is read",
		why ? why : "no makefile names modules");
}

/* Targets that sources cannot be held against. */
static struct error *tell_targets(struct gathering *g)
{
	const struct string_list *targets = &g->linter->options->targets;
	struct error *error = NULL;

	for (size_t i = 0; !error && i < targets->count; i++) {
		const char *const one[] = { targets->items[i] };
		struct kernels found = { .arena = g->model.arena };

		if (!strncmp(one[0], "macos:", 6))
			continue;
		error = kernels_from_targets(one, 1, &found);
		if (!error && !found.count)
			error = linter_not_checked(g->linter, false, "SRC014", one[0],
						   "no headers of this target here, so "
						   "sources are not held against it");
		free(found.items);
	}
	return error;
}

static struct error *find_linux_units(struct gathering *g)
{
	struct kernel at_hand;
	bool built = g->request_count;
	struct error *error = tell_targets(g);

	if (!error && !built && !g->kbuild)
		return tell(
			g, g->container->kind == CONTAINER_FOLDER, g->container->name,
			"sources without compile commands: build the driver first, or "
			"add a compile_commands.json");
	if (!error && !built && !g->kernels.count) {
		error = kernel_at_hand(g->model.arena, &at_hand);
		if (error)
			return error;
		if (!at_hand.folder)
			return tell(g, true, g->container->name,
				    "no kernel headers to read the sources with: build "
				    "the driver first, or name installed headers "
				    "(--target linux:RELEASE) or their folder");
		return ask_kbuild(g, &at_hand, true);
	}
	for (size_t i = 0; !error && g->kbuild && i < g->kernels.count; i++)
		error = ask_kbuild(g, &g->kernels.items[i], !built && !i);
	return error;
}

enum { OWN_FOLDERS = 256 };

static bool is_header(const char *path)
{
	static const char *const suffixes[] = { ".h", ".hpp", ".hh", NULL };

	return ends_with_any(path, suffixes);
}

/* Words of a compiler's command; the strings are in the model's arena. */
struct words {
	const char **items;
	size_t count, capacity;
};

static struct error *add_word(struct words *words, const char *word)
{
	if (!word || !array_grow(words->items, words->count, words->capacity))
		return error_nomem();
	words->items[words->count++] = word;
	return NULL;
}

static bool has_word(const struct words *words, const char *word)
{
	for (size_t i = 0; i < words->count; i++)
		if (!strcmp(words->items[i], word))
			return true;
	return false;
}

/* @path without its last part, in the arena; the root itself at the least. */
static const char *folder_above(struct gathering *g, const char *path)
{
	size_t length = (size_t)(path_base(path) - path);
	_free_ char *folder = strndup(path, length ? length - 1 : 0);

	if (!folder || strlen(folder) < strlen(g->model.root))
		return g->model.root;
	return arena_intern(g->model.arena, folder);
}

/*
 * Xcode lets every header of a project be included by its name, and by the name of its
 * folder: so do these. Behind the headers that were given, not before them.
 */
static struct error *add_own_folders(struct gathering *g, struct words *words)
{
	struct error *error = NULL;

	for (size_t i = 0; i < g->content_count && words->count < 6 * OWN_FOLDERS; i++) {
		const struct source_file *file = &g->model.files[i];
		const char *folder, *above;

		if (!is_header(file->path))
			continue;
		folder = folder_above(g, file->disk);
		if (!folder || has_word(words, folder))
			continue;
		above = folder_above(g, folder);
		error = add_word(words, "-iquote");
		if (!error)
			error = add_word(words, folder);
		if (!error)
			error = add_word(words, "-idirafter");
		if (!error)
			error = add_word(words, folder);
		if (!error && !has_word(words, above))
			error = add_word(words, "-idirafter");
		else if (!error)
			continue;
		if (!error)
			error = add_word(words, above);
		if (error)
			return error;
	}
	return error;
}

static struct error *add_apple_unit(struct gathering *g, const struct source_file *file,
				    const struct words *own)
{
	static const char *const common[] = {
		"-c",	      "-target",      "x86_64-apple-macos10.15",
		"-mkernel",   "-nostdinc",    "-DKERNEL=1",
		"-DAPPLE=1",  "-D__private_extern__=",
	}, *const plus[] = { "clang++", "-fapple-kext", "-nostdinc++", "-std=gnu++14" },
	   *const plain[] = { "clang", "-std=gnu11" };
	struct words all = { 0 };
	const char *const *first = is_plus(file->path) ? plus : plain;
	size_t count = is_plus(file->path) ? ARRAY_LENGTH(plus) : ARRAY_LENGTH(plain);
	struct error *error = NULL;

	for (size_t i = 0; i < count && !error; i++)
		error = add_word(&all, first[i]);
	for (size_t i = 0; i < ARRAY_LENGTH(common) && !error; i++)
		error = add_word(&all, common[i]);
	for (size_t i = 0; i < own->count && !error; i++)
		error = add_word(&all, own->items[i]);
	if (!error)
		error = add_word(&all, file->disk);
	if (!error)
		error = command_add(g->model.root, all.items, all.count, &g->commands);
	free(all.items);
	return error;
}

/* I/O Kit sources have no build that could be asked: the driver's own folders, -I. */
static struct error *find_apple_units(struct gathering *g)
{
	struct words own = { 0 };
	struct error *error;
	size_t before = g->commands.count;

	if (!g->extra[0])
		return tell(g, true, g->container->name,
			    "I/O Kit sources need the kernel's headers: give them with "
			    "-I DIR or --sdk DIR");
	error = add_own_folders(g, &own);
	for (size_t i = 0; !error && i < g->content_count; i++) {
		const struct source_file *file = &g->model.files[i];

		if (file->kernel && !is_header(file->path))
			error = add_apple_unit(g, file, &own);
	}
	free(own.items);
	return error ? error : add_requests(g, before, NULL, true);
}

/* -I and --sdk as clang's arguments. */
static struct error *make_extra(struct gathering *g)
{
	const struct linter_options *o = g->linter->options;
	size_t n = 0;

	g->extra = calloc(o->includes.count + 4, sizeof(*g->extra));
	if (!g->extra)
		return error_nomem();
	for (size_t i = 0; i < o->includes.count; i++) {
		_free_ char *real = realpath(o->includes.items[i], NULL);
		_free_ char *text = NULL;

		if (!real)
			return error_new(ERROR_USAGE, "-I %s: there is no such folder",
					 o->includes.items[i]);
		if (asprintf(&text, "-I%s", real) < 0)
			return text = NULL, error_nomem();
		g->extra[n++] = arena_string(g->model.arena, text);
	}
	if (o->sdk) {
		_free_ char *text = NULL, *folder = NULL;
		struct error *error = sdk_headers_folder(o->sdk, &folder);

		if (error)
			return error;
		if (asprintf(&text, "-I%s", folder) < 0)
			return text = NULL, error_nomem();
		g->extra[n++] = "-isysroot";
		g->extra[n++] = o->sdk;
		g->extra[n++] = arena_string(g->model.arena, text);
	}
	return NULL;
}

static struct error *find_units(struct gathering *g)
{
	const struct linter_options *o = g->linter->options;
	struct error *error;

	if (g->container->kind == CONTAINER_FILE)
		return tell(
			g, false, g->container->name,
			"a file by itself is looked at as text only: look at the folder "
			"of its makefile to have it compiled");
	error = make_extra(g);
	if (!error && !g->unpacked)
		error = units_from_build(g->bundle, g->container, &g->commands);
	if (!error)
		error = add_requests(g, 0, NULL, true);
	if (!error)
		error = kernels_from_targets((const char *const *)o->targets.items,
					     o->targets.count, &g->kernels);
	if (!error && g->linux_code)
		error = find_linux_units(g);
	if (!error && g->apple_code && !g->request_count)
		error = find_apple_units(g);
	return error;
}

/*
 * A package with sources of modules is unpacked, as compilers read files:
 * whether it has such is asked of its paths first.
 */
/* Whether it is a package that holds sources and what builds them. */
static bool packs_sources(const struct gathering *g)
{
	const struct container *container = g->container;
	bool code = false, build = false;

	if (container->kind == CONTAINER_FOLDER || container->kind == CONTAINER_FILE)
		return false;
	for (size_t i = 0; i < container->count; i++) {
		const char *path = g->bundle->members[container->first + i].path;

		code |= path_ends_with(path, ".c") && is_code(path);
		build |= is_build_file(path);
	}
	return code && build;
}

static bool has_binary_half(const struct check *check)
{
	registry_for_each(check, it)
	{
		if ((*it)->kind != check->kind && !strcmp((*it)->id, check->id))
			return true;
	}
	return false;
}

static bool is_named(const struct string_list *only, const char *id)
{
	for (size_t i = 0; i < only->count; i++)
		if (!strcmp(only->items[i], id))
			return true;
	return false;
}

/*
 * Whether the sources of a package are worth compiling: for rules of sources, or for one
 * that was asked for by its name. A rule that looks at modules as well, and is on for
 * their sake (--only 'KOM*'), is not worth minutes of a compiler.
 */
static bool wants_packed(struct linter *linter)
{
	for (size_t i = 0; i < linter->active_count; i++) {
		const struct check *one = linter->active[i].check;

		if (one->kind == &kind_source &&
		    (!has_binary_half(one) || is_named(&linter->options->only, one->id)))
			return true;
	}
	registry_for_each(observer, it)
	{
		if ((*it)->enabled(linter, &kind_source))
			return true;
	}
	return false;
}

static struct error *tell_unwanted(struct gathering *g)
{
	return linter_not_checked(g->linter, false, NULL, g->container->name,
				  "its sources: only rules that look at modules too are "
				  "on; name one in full (--only KOM021), or add rules of "
				  "sources (--only 'SRC*')");
}

static struct error *unpack(struct gathering *g)
{
	const struct container *container = g->container;
	bool cut = false;
	struct error *error;

	if (!packs_sources(g))
		return NULL;
	error = unpack_files(g->bundle, container, &g->unpacked, &cut);
	if (!error && cut)
		error = tell(g, true, container->name,
			     "files of it were left out when its sources were unpacked: "
			     "they are too large or too many, or their paths clash");
	return error;
}

/* Commands do not move any more. */
static void settle_requests(struct gathering *g)
{
	for (size_t i = 0; i < g->request_count; i++) {
		const struct unit_command *c = &g->commands.items[g->request_commands[i]];

		g->requests[i].command = c;
		g->requests[i].directory = c->directory;
	}
}

/* Files that only units brought in have no text yet. */
static struct error *read_files(struct gathering *g)
{
	struct source_model *model = &g->model;
	struct error *error = NULL;

	for (size_t i = 0; !error && i < model->file_count; i++) {
		struct source_file *file = &model->files[i];

		if (!file->build && file->text.data)
			error = lex(file->text, &file->lexed);
		if (i >= g->content_count)
			file->kernel = true;
	}
	return error;
}

static struct error *tell_failed(struct gathering *g)
{
	struct error *error = NULL;

	model_for_each_unit(&g->model, unit)
	{
		for (size_t i = 0; i < unit->count && unit->status == UNIT_PARSED; i++)
			g->model.files[unit->nodes[i].file].kernel = true;
		/* what fails against a target is a finding (SRC014) */
		if (!error && unit->status == UNIT_FAILED && !unit->target)
			error = linter_not_checked(g->linter, true, NULL, unit->path,
						   "does not parse: %s",
						   unit->reason ? unit->reason : "");
		else if (!error && unit->status == UNIT_FAILED && unit->primary)
			error = linter_not_checked(
				g->linter, true, NULL, unit->path,
				"does not compile against %s, so that no "
				"other rule could look at it",
				unit->target);
	}
	return error;
}

static struct error *visit_container(struct linter *linter, struct bundle *bundle,
				     const struct container *container)
{
	struct gathering g __attribute__((cleanup(gathering_deinit))) = {
		.linter = linter, .bundle = bundle, .container = container
	};
	_free_ char *root = NULL;
	struct error *error = arena_create(&g.model.arena);

	if (error)
		return error;
	g.model.imports = calloc(1, sizeof(*g.model.imports));
	if (!g.model.imports)
		return error_nomem();
	g.kernels.arena = g.model.arena;
	if (packs_sources(&g) && !wants_packed(linter))
		return tell_unwanted(&g);
	error = unpack(&g);
	if (error)
		return error;
	root = container->disk && !g.unpacked ? realpath(container->disk, NULL) : NULL;
	g.model.root = g.unpacked ? g.unpacked : root ? root : "";
	g.model.unpacked = g.unpacked;
	g.model.container = container;
	error = add_members(&g);
	g.model.apple = g.apple_code;
	/* its .c files may leave the kernel's headers to a header of
	 * their own */
	g.linux_code |= g.kbuild && g.linux_header;
	if (error || (!g.linux_code && !g.apple_code))
		return error;
	error = find_units(&g);
	settle_requests(&g);
	if (!error)
		error = parse_units(&g.model, g.requests, g.request_count, 0);
	if (!error)
		error = read_files(&g);
	if (!error)
		error = tell_failed(&g);
	if (error)
		return error;
	return linter_subject(linter, &(struct subject){ .kind = &kind_source,
							 .path = container->name,
							 .bundle = bundle,
							 .model = &g.model });
}

static struct error *visit(struct linter *linter, struct bundle *bundle)
{
	struct error *error = NULL;

	if (!linter_wants(linter, &kind_source))
		return NULL;
	for (size_t i = 0; !error && i < bundle->container_count; i++)
		error = visit_container(linter, bundle, &bundle->containers[i]);
	return error;
}

struct error *source_emit(struct linter *linter, const struct subject *subject,
			  const struct source_file *file, uint32_t line, uint32_t column,
			  const char *symbol, const char *hint, const char *format, ...)
{
	_strbuf_ struct strbuf message = STRBUF_INIT;
	va_list args;

	va_start(args, format);
	strbuf_addv(&message, format, args);
	va_end(args);
	if (message.failed)
		return error_nomem();
	return linter_emit(linter, subject,
			   &(struct finding){ .path = file->path,
					      .line = line,
					      .column = column,
					      .symbol = symbol,
					      .message = strbuf_string(&message),
					      .hint = hint });
}

struct error *source_emit_node(struct linter *linter, const struct subject *subject,
			       const struct unit *unit, const struct node *node,
			       const char *hint, const char *format, ...)
{
	const struct source_model *model = subject_source(subject);
	const struct node *function =
		node->kind == NODE_FUNCTION ? node : node_function(unit, node);
	_strbuf_ struct strbuf message = STRBUF_INIT;
	va_list args;

	va_start(args, format);
	strbuf_addv(&message, format, args);
	va_end(args);
	if (message.failed)
		return error_nomem();
	return source_emit(linter, subject, &model->files[node->file], node->line,
			   node->column, function ? function->name : NULL, hint, "%s",
			   strbuf_string(&message));
}

struct error *source_each_node(struct linter *linter, const struct subject *subject,
			       struct error *(*look)(struct linter *linter,
						     const struct subject *subject,
						     const struct unit *unit,
						     const struct node *node))
{
	struct error *error = NULL;

	model_for_each_unit(subject_source(subject), unit)
	{
		unit_for_each(unit, node)
		{
			if (!error && unit->primary)
				error = look(linter, subject, unit, node);
		}
	}
	return error;
}

struct error *source_each_token(struct linter *linter, const struct subject *subject,
				struct error *(*look)(struct linter *linter,
						      const struct subject *subject,
						      const struct source_file *file,
						      size_t index))
{
	struct error *error = NULL;

	model_for_each_file(subject_source(subject), file)
	{
		for (size_t i = 0; !error && file->kernel && i < file->lexed.count; i++)
			error = look(linter, subject, file, i);
	}
	return error;
}

const struct subject_kind kind_source = {
	.name = "source",
	.order = 20,
	.is_driver = true,
	.visit = visit,
};
REGISTER(subject_kind, kind_source);
