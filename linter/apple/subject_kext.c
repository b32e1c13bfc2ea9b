/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/apple/subject_kext.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "common/strbuf.h"
#include "linter/apple/loads_section.h"
#include "linter/arena.h"
#include "readers/bundle.h"

struct error *kext_set_create(struct kext_set **ret)
{
	_cleanup_(kext_set_destroy) struct kext_set *set = calloc(1, sizeof(*set));
	struct error *error;

	if (!set)
		return error_nomem();
	error = arena_create(&set->arena);
	if (!error)
		error = kpi_create(NULL, &set->kpi);
	if (!error)
		*ret = take(set);
	return error;
}

void kext_set_destroy(struct kext_set *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->count; i++)
		kext_close(set->kexts[i]);
	free(set->kexts);
	kpi_destroy(set->kpi);
	arena_destroy(set->arena);
	free(set);
}

static void destroy_state(void *state)
{
	kext_set_destroy(state);
}

struct kext_set *linter_kexts(const struct linter *linter)
{
	return linter_state(linter, &kind_kext);
}

static struct error *own_set(struct linter *linter, struct kext_set **ret)
{
	struct kext_set *set = linter_kexts(linter);
	struct error *error = NULL;

	if (!set) {
		error = kext_set_create(&set);
		if (!error)
			error = linter_set_state(linter, &kind_kext, set, destroy_state);
	}
	if (!error)
		*ret = set;
	return error;
}

const struct kext *kext_set_find(const struct kext_set *set, const char *identifier)
{
	const struct kext *best = NULL;

	for (size_t i = 0; i < set->count; i++) {
		const struct kext *k = set->kexts[i];

		if (k->identifier && !strcmp(k->identifier, identifier) &&
		    (!best || k->version.value > best->version.value))
			best = k;
	}
	return best;
}

/* Folders of kexts in one container, each once. */
struct folders {
	char **items;
	size_t count, capacity;
};

static bool is_kext_name(const char *end, size_t length)
{
	return length > 5 &&
	       (!memcmp(end - 5, ".kext", 5) || !memcmp(end - 5, ".dext", 5));
}

static struct error *add_folder(struct folders *folders, const char *path, size_t length)
{
	for (size_t i = folders->count; i > 0; i--)
		if (strlen(folders->items[i - 1]) == length &&
		    !memcmp(folders->items[i - 1], path, length))
			return NULL;
	if (!array_grow(folders->items, folders->count, folders->capacity))
		return error_nomem();
	folders->items[folders->count] = strndup(path, length);
	return folders->items[folders->count++] ? NULL : error_nomem();
}

static struct error *find_folders(const struct bundle *bundle, size_t container,
				  struct folders *folders)
{
	const struct container *c = &bundle->containers[container];
	size_t length = strlen(c->name);
	struct error *error = NULL;

	while (length > 1 && c->name[length - 1] == '/')
		length--;
	if (c->kind == CONTAINER_FOLDER && is_kext_name(c->name + length, length))
		error = add_folder(folders, "", 0);
	for (size_t i = c->first; i < c->first + c->count && !error; i++) {
		const struct member *m = &bundle->members[i];
		const char *path = m->path, *slash = path;

		/* resource forks of an archive are named like what they belong to */
		if (!strncmp(path, "__MACOSX/", 9) || strstr(path, "/__MACOSX/"))
			continue;

		/* a link that is named like a kext is no kext */
		while (!error && (slash = strchr(slash, '/'))) {
			const char *start = slash;

			while (start > path && start[-1] != '/')
				start--;
			if (is_kext_name(slash, slash - start))
				error = add_folder(folders, path, slash - path);
			slash++;
		}
		if (!error && m->kind == MEMBER_FOLDER &&
		    is_kext_name(path + strlen(path), strlen(path_base(path))))
			error = add_folder(folders, path, strlen(path));
	}
	return error;
}

/* The innermost kext of the same container whose folder holds this one's. */
static void find_parent(struct kext_set *set, struct kext *kext)
{
	for (size_t i = 0; i < set->count; i++) {
		struct kext *k = set->kexts[i];
		size_t length = strlen(k->folder);

		if (k == kext || k->bundle != kext->bundle || k->bare ||
		    k->container != kext->container || length >= strlen(kext->folder) ||
		    strncmp(k->folder, kext->folder, length) ||
		    (length && kext->folder[length] != '/'))
			continue;
		if (!kext->parent || strlen(kext->parent->folder) < length)
			kext->parent = k;
	}
}

static struct error *keep(struct kext_set *set, struct kext *kext)
{
	if (!array_grow(set->kexts, set->count, set->capacity)) {
		kext_close(kext);
		return error_nomem();
	}
	set->kexts[set->count++] = kext;
	return NULL;
}

/* A lone file that is an executable for the kernel. */
static struct error *read_bare(struct kext_set *set, const struct kext_request *request,
			       size_t *found)
{
	const struct container *c = &request->bundle->containers[request->container];
	struct kext_request own = *request;
	_content_ struct content content = { 0 };
	const struct member *member;
	struct kext *kext;
	struct error *error;

	if (c->kind != CONTAINER_FILE || !c->count)
		return NULL;
	member = &request->bundle->members[c->first];
	if (member->kind != MEMBER_FILE)
		return NULL;
	error = bundle_read(request->bundle, member, &content);
	if (error || !macho_recognize(content.bytes)) {
		error_destroy(error); /* what it is, others will say */
		return NULL;
	}
	own.folder = member->path;
	error = kext_open_bare(&own, &kext);
	if (error)
		return error;
	(*found)++;
	return keep(set, kext);
}

static struct error *read_container(struct kext_set *set,
				    const struct kext_request *request, size_t *found)
{
	struct folders folders = { 0 };
	struct error *error = find_folders(request->bundle, request->container, &folders);
	size_t first = set->count;

	for (size_t i = 0; i < folders.count && !error; i++) {
		struct kext_request own = *request;
		struct kext *kext = NULL;

		own.folder = folders.items[i];
		error = kext_open(&own, &kext);
		if (!error)
			error = keep(set, kext);
		*found += !error;
	}
	for (size_t i = first; i < set->count; i++)
		find_parent(set, set->kexts[i]);
	for (size_t i = 0; i < folders.count; i++)
		free(folders.items[i]);
	free(folders.items);
	return error ? error : read_bare(set, request, found);
}

struct error *kext_set_read(struct kext_set *set, const struct bundle *bundle,
			    bool provider, size_t *found)
{
	struct kext_request request = { .arena = set->arena,
					.kpi = set->kpi,
					.bundle = bundle,
					.bundle_number = set->bundles++,
					.folder = "",
					.provider = provider };
	struct error *error = NULL;

	for (size_t i = 0; i < bundle->container_count && !error; i++) {
		request.container = i;
		error = read_container(set, &request, found);
	}
	return error;
}

static struct error *visit(struct linter *linter, struct bundle *bundle)
{
	struct kext_set *set = NULL;
	struct error *error = own_set(linter, &set);
	size_t found = 0;

	if (!error)
		error = kext_set_read(set, bundle, false, &found);
	linter->subjects += found;
	return error;
}

static struct error *read_libs(struct linter *linter, struct kext_set *set)
{
	const struct string_list *libs = &linter->options->libs;
	struct error *error = NULL;

	for (size_t i = 0; i < libs->count && !error; i++) {
		_cleanup_(bundle_destroy) struct bundle *bundle = NULL;
		size_t found = 0;

		error = bundle_open(libs->items[i], NULL, &bundle);
		if (!error)
			error = kext_set_read(set, bundle, true, &found);
		if (!error && !found)
			error = error_new(ERROR_INPUT, "--libs %s: holds no kext",
					  libs->items[i]);
	}
	return error;
}

static struct error *judge(struct linter *linter, struct kext_set *set)
{
	struct error *error = NULL;

	for (size_t i = 0; i < set->count && !error; i++)
		error = kext_resolve(set, set->kexts[i]);
	for (size_t i = 0; i < set->count && !error; i++) {
		const struct kext *kext = set->kexts[i];

		if (!kext->provider)
			error = linter_subject(linter,
					       &(struct subject){ .kind = &kind_kext,
								  .path = kext->name,
								  .model = kext });
	}
	if (!error)
		error = linter_subject(linter, &(struct subject){ .kind = &kind_kexts,
								  .model = set });
	return error ? error : loads_section_add(linter, set);
}

static struct error *finish(struct linter *linter)
{
	struct kext_set *set = linter_kexts(linter);
	struct error *error;

	if (!set || !set->count)
		return NULL;
	error = read_libs(linter, set);
	return error ? error : judge(linter, set);
}

static struct error *visit_nothing(struct linter *linter, struct bundle *bundle)
{
	(void)linter;
	(void)bundle;
	return NULL;
}

static struct error *add_target(struct linter *linter, const char *spec)
{
	struct kext_set *set = NULL;
	struct error *error = own_set(linter, &set);

	return error ? error : macos_targets_add(&set->targets, set->kpi, spec);
}

struct error *kext_tell(struct linter *linter, const struct subject *subject,
			const struct kext_finding *what, const char *format, ...)
{
	_strbuf_ struct strbuf message = STRBUF_INIT, key = STRBUF_INIT;
	const struct kext *kext =
		subject->kind == &kind_kext ? subject_kext(subject) : NULL;
	struct finding finding = { .path = what->path,
				   .symbol = what->symbol,
				   .line = what->line,
				   .evidence = what->evidence,
				   .hint = what->hint };
	va_list args;

	va_start(args, format);
	strbuf_addv(&message, format, args);
	va_end(args);
	if (what->at) {
		property_add_path(what->at, &key);
		if (!finding.symbol)
			finding.symbol = strbuf_string(&key);
		if (!finding.line)
			finding.line = what->at->line;
		if (!finding.path && kext)
			finding.path = kext->info_path;
	}
	finding.message = strbuf_string(&message);
	if (strbuf_error(&message) || strbuf_error(&key))
		return error_nomem();
	return linter_emit_at(linter, subject, what->lower ? what->level : LEVEL_ERROR,
			      &finding);
}

void add_names(struct strbuf *out, const char *const *names, size_t count, size_t limit)
{
	for (size_t i = 0; i < count && i < limit; i++)
		strbuf_addf(out, "%s%s", i ? "\n" : "", names[i]);
	if (count > limit)
		strbuf_addf(out, "\nand %zu more", count - limit);
}

const struct subject_kind kind_kext = {
	.name = "kext",
	.order = 20,
	.is_driver = true,
	.visit = visit,
	.finish = finish,
};
REGISTER(subject_kind, kind_kext);

const struct subject_kind kind_kexts = {
	.name = "kexts",
	.order = 21,
	.visit = visit_nothing,
};
REGISTER(subject_kind, kind_kexts);

static const struct target_family family_macos = {
	.name = "macos",
	.help = "RELEASE, RELEASE..RELEASE or all, with /ARCH: 10.4..15/x86_64",
	.add = add_target,
};
REGISTER(target_family, family_macos);
