/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "readers/bundle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/array.h"
#include "common/error.h"
#include "readers/bundle_state.h"

static const struct bundle_limits defaults = {
	.members = 200000,
	.member_bytes = 512ULL << 20,
	.total_bytes = 1ULL << 30,
	.ratio = 300,
	.depth = 4,
};

const char *container_kind_name(enum container_kind kind)
{
	static const char *const names[] = { "folder", "file", "deb",  "rpm", "tar",
					     "zip",    "xar",  "cpio", "ar",  "archive" };

	return names[kind];
}

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool path_ends_with(const char *path, const char *suffix)
{
	size_t n = strlen(path), m = strlen(suffix);

	return n >= m && !strcmp(path + n - m, suffix);
}

bool path_is_module(const char *path)
{
	return path_ends_with(path, ".ko") || path_ends_with(path, ".ko.xz") ||
	       path_ends_with(path, ".ko.zst") || path_ends_with(path, ".ko.gz");
}

struct error *bundle_keep(struct bundle *bundle, void *memory)
{
	struct bundle_state *s = bundle->state;

	if (!memory || !array_grow(s->memory, s->memory_count, s->memory_capacity)) {
		free(memory);
		return error_nomem();
	}
	s->memory[s->memory_count++] = memory;
	return NULL;
}

struct error *bundle_string(struct bundle *bundle, char **ret, const char *format, ...)
{
	struct error *error;
	va_list args;
	char *text;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	error = bundle_keep(bundle, text);
	if (!error)
		*ret = text;
	return error;
}

struct error *bundle_fact(struct bundle *bundle, enum bundle_fact_kind kind,
			  size_t container, const char *name, const char *format, ...)
{
	struct bundle_fact fact = { kind, container, NULL, NULL };
	char *text, *copy = NULL;
	struct error *error;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	error = bundle_keep(bundle, text);
	if (!error)
		error = bundle_string(bundle, &copy, "%s", name);
	if (!error &&
	    !array_grow(bundle->facts, bundle->fact_count, bundle->fact_capacity))
		error = error_nomem();
	if (error)
		return error;
	fact.name = copy;
	fact.detail = text;
	bundle->facts[bundle->fact_count++] = fact;
	return NULL;
}

struct error *bundle_add_member(struct bundle *bundle, const struct member *member,
				bool *ret)
{
	if (bundle->count >= bundle->state->limits.members) {
		*ret = false;
		return bundle_fact(bundle, BUNDLE_TOO_MANY, member->container,
				   bundle->containers[member->container].name,
				   "more than %zu members; the rest was not read",
				   bundle->state->limits.members);
	}
	if (!array_grow(bundle->members, bundle->count, bundle->capacity))
		return error_nomem();
	bundle->members[bundle->count++] = *member;
	*ret = true;
	return NULL;
}

struct error *bundle_add_container(struct bundle *bundle, enum container_kind kind,
				   const char *name, size_t parent, const char *disk,
				   struct span bytes, size_t *ret)
{
	struct container container = {
		.kind = kind, .name = name, .parent = parent, .disk = disk, .bytes = bytes
	};

	if (!array_grow(bundle->containers, bundle->container_count,
			bundle->container_capacity))
		return error_nomem();
	*ret = bundle->container_count;
	bundle->containers[bundle->container_count++] = container;
	return NULL;
}

static int compare_members(const void *a, const void *b)
{
	const struct member *x = a, *y = b;

	if (x->container != y->container)
		return x->container < y->container ? -1 : 1;
	return strcmp(x->path, y->path);
}

/* Sorts, gives every container its run of members, and tells repeated paths. */
static struct error *settle(struct bundle *bundle)
{
	struct error *error = NULL;

	if (bundle->count)
		qsort(bundle->members, bundle->count, sizeof(*bundle->members),
		      compare_members);
	for (size_t i = 0; i < bundle->count; i++) {
		const struct member *m = &bundle->members[i];
		struct container *c = &bundle->containers[m->container];

		if (!c->count)
			c->first = i;
		c->count++;
		if (!error && i && !compare_members(m - 1, m) && m->kind != MEMBER_FOLDER)
			error = bundle_fact(bundle, BUNDLE_DUPLICATE, m->container,
					    m->name, "the same path stands here twice");
	}
	return error;
}

struct member_key {
	size_t container;
	const char *path;
};

static int compare_key(const void *key, const void *member)
{
	const struct member_key *k = key;
	const struct member *m = member;

	if (k->container != m->container)
		return k->container < m->container ? -1 : 1;
	return strcmp(k->path, m->path);
}

const struct member *bundle_find(const struct bundle *bundle, size_t container,
				 const char *path)
{
	struct member_key key = { container, path };

	if (!bundle->count)
		return NULL;
	return bsearch(&key, bundle->members, bundle->count, sizeof(*bundle->members),
		       compare_key);
}

static struct error *create(const char *root, const struct bundle_limits *limits,
			    struct bundle **ret)
{
	_cleanup_(bundle_destroy) struct bundle *bundle = calloc(1, sizeof(*bundle));
	struct bundle_limits *l;
	char *copy = NULL;
	struct error *error;

	if (!bundle || !(bundle->state = calloc(1, sizeof(*bundle->state))))
		return error_nomem();
	l = &bundle->state->limits;
	*l = limits ? *limits : defaults;
	l->members = l->members ? l->members : defaults.members;
	l->member_bytes = l->member_bytes ? l->member_bytes : defaults.member_bytes;
	l->total_bytes = l->total_bytes ? l->total_bytes : defaults.total_bytes;
	l->ratio = l->ratio ? l->ratio : defaults.ratio;
	l->depth = l->depth ? l->depth : defaults.depth;
	error = bundle_string(bundle, &copy, "%s", root);
	if (error)
		return error;
	for (size_t n = strlen(copy); n > 1 && copy[n - 1] == '/'; n--)
		copy[n - 1] = '\0';
	bundle->root = copy;
	*ret = take(bundle);
	return NULL;
}

void bundle_destroy(struct bundle *bundle)
{
	struct bundle_state *s = bundle ? bundle->state : NULL;

	for (size_t i = 0; s && i < s->memory_count; i++)
		free(s->memory[i]);
	for (size_t i = 0; s && i < s->mapping_count; i++)
		file_unmap(&s->mappings[i]);
	if (s) {
		free(s->memory);
		free(s->mappings);
		free(s);
	}
	if (bundle) {
		free(bundle->members);
		free(bundle->containers);
		free(bundle->facts);
		free(bundle);
	}
}

/* A lone file that is no container: one member, whose path is its last component. */
static struct error *add_lone_file(struct bundle *bundle, const struct stat *st,
				   struct span bytes, const char *disk)
{
	struct member member = { .name = bundle->root,
				 .path = path_base(bundle->root),
				 .disk = disk,
				 .kind = MEMBER_FILE,
				 .mode = st->st_mode & 07777,
				 .uid = st->st_uid,
				 .gid = st->st_gid,
				 .size = bytes.size,
				 .mtime = st->st_mtime,
				 .bytes = disk ? (struct span){ 0 } : bytes,
				 .kept = !disk };
	struct error *error =
		bundle_add_container(bundle, CONTAINER_FILE, bundle->root, 0, disk,
				     (struct span){ 0 }, &member.container);
	bool added;

	return error ? error : bundle_add_member(bundle, &member, &added);
}

static struct error *open_file(struct bundle *bundle, const struct stat *st)
{
	struct bundle_state *s = bundle->state;
	struct error *error;

	if (!array_grow(s->mappings, s->mapping_count, s->mapping_capacity))
		return error_nomem();
	error = file_map(bundle->root, &s->mappings[s->mapping_count]);
	if (error)
		return error;
	s->mapping_count++;
	error = bundle_enter(bundle, bundle->root, bundle->root, 0,
			     s->mappings[s->mapping_count - 1].bytes, 0);
	if (!error && !bundle->container_count)
		error = add_lone_file(bundle, st, s->mappings[s->mapping_count - 1].bytes,
				      bundle->root);
	return error;
}

struct error *bundle_open(const char *path, const struct bundle_limits *limits,
			  struct bundle **ret)
{
	_cleanup_(bundle_destroy) struct bundle *bundle = NULL;
	struct error *error = create(path, limits, &bundle);
	size_t container;
	struct stat st;

	if (error)
		return error;
	if (stat(path, &st))
		return error_errno(errno, "cannot open %s", path);
	if (S_ISDIR(st.st_mode)) {
		error = bundle_add_container(bundle, CONTAINER_FOLDER, bundle->root, 0,
					     bundle->root, (struct span){ 0 },
					     &container);
		if (!error)
			error = bundle_walk_folder(bundle, container);
	} else {
		error = open_file(bundle, &st);
	}
	if (!error)
		error = settle(bundle);
	if (error)
		return error;
	*ret = take(bundle);
	return NULL;
}

struct error *bundle_open_memory(const char *name, struct span bytes,
				 const struct bundle_limits *limits, struct bundle **ret)
{
	_cleanup_(bundle_destroy) struct bundle *bundle = NULL;
	struct error *error = create(name, limits, &bundle);
	struct stat st = { .st_mode = 0644 };

	if (!error)
		error = bundle_enter(bundle, bundle->root, NULL, 0, bytes, 0);
	if (!error && !bundle->container_count)
		error = add_lone_file(bundle, &st, bytes, NULL);
	if (!error)
		error = settle(bundle);
	if (error)
		return error;
	*ret = take(bundle);
	return NULL;
}

struct error *bundle_read(const struct bundle *bundle, const struct member *member,
			  struct content *ret)
{
	struct content content = { 0 };
	struct error *error;

	(void)bundle;
	if (member->kind != MEMBER_FILE && member->kind != MEMBER_HARDLINK)
		return error_new(ERROR_INPUT, "%s is not a file", member->name);
	if (!member->disk && !member->kept)
		return error_new(ERROR_INPUT, "%s is too large to be read", member->name);
	if (!member->disk) {
		content.bytes = member->bytes;
	} else {
		error = file_map(member->disk, &content.mapping);
		if (error)
			return error;
		content.bytes = content.mapping.bytes;
	}
	*ret = content;
	return NULL;
}

/* Reading a small file is cheaper than mapping it. */
static struct error *read_packed(const struct bundle *bundle, const struct member *member,
				 struct content *ret)
{
	enum { SMALL = 1 << 20 };

	if (!member->disk || member->size > SMALL)
		return bundle_read(bundle, member, ret);
	return file_read(member->disk, &ret->memory, &ret->bytes);
}

struct error *bundle_read_plain(const struct bundle *bundle, const struct member *member,
				struct content *ret)
{
	_content_ struct content packed = { 0 };
	struct error *error;

	if (!path_ends_with(member->path, ".xz") &&
	    !path_ends_with(member->path, ".zst") && !path_ends_with(member->path, ".gz"))
		return bundle_read(bundle, member, ret);
	error = read_packed(bundle, member, &packed);
	return error ? error
		     : bundle_inflate(member->name, packed.bytes,
				      bundle->state->limits.member_bytes, ret);
}

void content_deinit(struct content *content)
{
	file_unmap(&content->mapping);
	free(content->memory);
	*content = (struct content){ 0 };
}
