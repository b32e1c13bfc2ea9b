/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/apple/kext.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "common/strbuf.h"
#include "linter/apple/kext_version.h"
#include "linter/arena.h"
#include "readers/bundle.h"

enum { STRINGS_LIMIT = 1 << 20 };

void kext_close(struct kext *kext)
{
	if (kext)
		property_list_destroy(kext->list);
}

/* Suffixes that stand for an architecture, the most exact first; NULL-terminated. */
static const char *const arch_suffixes[][3] = {
	{ "arm64e", "arm64", NULL },
	{ "arm64", "arm64e", NULL },
	{ "x86_64h", "x86_64", NULL },
};

static const struct property *property_for(const struct kext *kext, const char *key,
					   const char *arch)
{
	char special[128];

	snprintf(special, sizeof(special), "%s_%s", key, arch);
	return property_get(kext->info, special);
}

const struct property *kext_property(const struct kext *kext, const char *key,
				     const char *arch)
{
	const struct property *value = arch ? property_for(kext, key, arch) : NULL;

	for (size_t i = 0; arch && i < ARRAY_LENGTH(arch_suffixes); i++)
		for (size_t k = 1;
		     !value && !strcmp(arch, arch_suffixes[i][0]) && arch_suffixes[i][k];
		     k++)
			value = property_for(kext, key, arch_suffixes[i][k]);
	return value ? value : property_get(kext->info, key);
}

const struct property *kext_personalities(const struct kext *kext,
					  const struct property *after)
{
	static const char key[] = "IOKitPersonalities";
	const size_t length = sizeof(key) - 1;
	const struct property *p = after	? after->next
				   : kext->info ? kext->info->first
						: NULL;

	while (p && (p->type != PROPERTY_DICT || strncmp(p->key, key, length) != 0 ||
		     (p->key[length] && p->key[length] != '_')))
		p = p->next;
	return p;
}

static const struct kext *outermost(const struct kext *kext)
{
	while (kext->parent)
		kext = kext->parent;
	return kext;
}

bool kext_is_beside(const struct kext *a, const struct kext *b)
{
	size_t length;

	if (a->bundle != b->bundle || a->container != b->container)
		return false;
	if (a->ships)
		return true;
	a = outermost(a);
	b = outermost(b);
	length = path_base(a->folder) - a->folder;
	return length == (size_t)(path_base(b->folder) - b->folder) &&
	       !strncmp(a->folder, b->folder, length);
}

static int by_path(const void *a, const void *b)
{
	const struct kext_member *x = a, *y = b;

	return strcmp(x->path, y->path);
}

const struct kext_member *kext_find_member(const struct kext *kext, const char *path)
{
	struct kext_member key = { .path = path };

	return kext->member_count ? bsearch(&key, kext->members, kext->member_count,
					    sizeof(key), by_path)
				  : NULL;
}

const struct kext_slice *kext_slice_of(const struct kext *kext, enum kpi_arch arch)
{
	for (size_t i = 0; i < kext->slice_count; i++)
		if (kext->slices[i].known && kext->slices[i].kpi_arch == arch)
			return &kext->slices[i];
	return NULL;
}

/* While a kext is opened. */
struct opening {
	const struct kext_request *request;
	struct kext *kext;
	const struct member **members; /* of the bundle, beside kext->members */
};

static const char *keep(const struct opening *o, const char *text)
{
	return text ? arena_string(o->request->arena, text) : NULL;
}

/* The path of @member below the kext's folder; NULL when it lies elsewhere. */
static const char *below(const char *folder, const char *path)
{
	size_t length = strlen(folder);

	if (!length)
		return path;
	if (strncmp(path, folder, length) || path[length] != '/')
		return NULL;
	return path + length + 1;
}

/* Whether @path lies in another kext inside this one. */
static bool in_nested(const char *path)
{
	for (const char *p = strchr(path, '/'); p; p = strchr(p + 1, '/'))
		if (p - path >= 5 &&
		    (!memcmp(p - 5, ".kext", 5) || !memcmp(p - 5, ".dext", 5)))
			return true;
	return false;
}

static bool owners_are_known(enum container_kind kind)
{
	return kind == CONTAINER_TAR || kind == CONTAINER_XAR || kind == CONTAINER_CPIO;
}

static void keep_member(const struct opening *o, const struct member *from,
			const char *path, struct kext_member *ret)
{
	const struct container *c = &o->request->bundle->containers[from->container];

	*ret = (struct kext_member){
		.name = keep(o, from->name),
		.path = keep(o, path),
		.folder = from->kind == MEMBER_FOLDER,
		.link = from->kind == MEMBER_LINK ? keep(o, from->link) : NULL,
		.mode = from->mode,
		.uid = from->uid,
		.gid = from->gid,
		.size = from->size,
		.owner_known = owners_are_known(c->kind),
	};
}

static struct error *gather_members(struct opening *o)
{
	const struct kext_request *q = o->request;
	const struct container *c = &q->bundle->containers[q->container];
	struct arena *arena = q->arena;
	struct kext *kext = o->kext;
	size_t count = 0;

	for (size_t i = c->first; i < c->first + c->count; i++)
		count += below(q->folder, q->bundle->members[i].path) != NULL;
	kext->members = arena_alloc(arena, (count + 1) * sizeof(*kext->members));
	o->members = calloc(count + 1, sizeof(*o->members));
	if (!kext->members || !o->members)
		return error_nomem();
	for (size_t i = c->first; i < c->first + c->count; i++) {
		const struct member *m = &q->bundle->members[i];
		const char *path = below(q->folder, m->path);

		if (!path || !*path || in_nested(path))
			continue;
		keep_member(o, m, path, &kext->members[kext->member_count]);
		if (!kext->members[kext->member_count].path ||
		    !kext->members[kext->member_count].name)
			return error_nomem();
		o->members[kext->member_count++] = m;
	}
	return NULL; /* members of a bundle are sorted by path */
}

/* The bundle's member at @path below the kext, links within the kext followed once. */
static const struct member *find_file(const struct opening *o, const char *path)
{
	const struct kext_member *found = kext_find_member(o->kext, path);
	_strbuf_ struct strbuf target = STRBUF_INIT;

	if (found && found->link && found->link[0] != '/' && !strstr(found->link, "..")) {
		const char *slash = strrchr(path, '/');

		if (slash)
			strbuf_add(&target, path, slash + 1 - path);
		strbuf_adds(&target, found->link);
		found = kext_find_member(o->kext, strbuf_string(&target));
	}
	if (!found || found->folder || found->link)
		return NULL;
	return o->members[found - o->kext->members];
}

static struct kext_version read_version(const struct property *info, const char *key)
{
	struct kext_version version = { .text = property_get_string(info, key) };

	version.parsed = version.text && kext_version_parse(version.text, &version.value);
	return version;
}

static bool read_flag(const struct property *info, const char *key)
{
	const struct property *value = property_get_type(info, key, PROPERTY_BOOLEAN);

	return value && value->integer;
}

static void read_keys(struct kext *kext)
{
	const struct property *info = kext->info = kext->list->root;

	kext->identifier = property_get_string(info, "CFBundleIdentifier");
	kext->version = read_version(info, "CFBundleVersion");
	kext->compatible = read_version(info, "OSBundleCompatibleVersion");
	kext->executable = property_get_string(info, "CFBundleExecutable");
	kext->shared_executable =
		property_get_string(info, "CFBundleSharedExecutableIdentifier");
	kext->interface = read_flag(info, "OSBundleIsInterface");
	kext->kernel_resource = read_flag(info, "OSKernelResource");
}

static struct error *read_info(struct opening *o)
{
	static const char *const places[] = { "Contents/Info.plist", "Info.plist",
					      "Support Files/Info.plist" };
	struct kext *kext = o->kext;
	_content_ struct content content = { 0 };
	const struct member *member = NULL;
	struct error *error;

	for (size_t i = 0; !member && i < ARRAY_LENGTH(places); i++) {
		member = find_file(o, places[i]);
		kext->shallow = i > 0;
	}
	if (!member)
		return NULL;
	kext->info_path = keep(o, member->name);
	error = bundle_read(o->request->bundle, member, &content);
	if (!error)
		error = property_list_create(content.bytes, &kext->list);
	if (error && error_kind(error) == ERROR_NOMEM)
		return error;
	if (error) {
		kext->info_error = keep(o, error_message(error));
		error_destroy(error);
		return NULL;
	}
	if (kext->list->root && kext->list->root->type == PROPERTY_DICT)
		read_keys(kext);
	else
		kext->info_error = "the property list is no dictionary";
	return NULL;
}

/* Whether @name stands in the section as a whole, terminated string. */
static bool has_string(struct span bytes, const char *name)
{
	size_t length = strlen(name) + 1;
	const uint8_t *at = bytes.data, *end = at + bytes.size;

	while (at && at < end && (at = memmem(at, end - at, name, length))) {
		if (at == bytes.data || !at[-1])
			return true;
		at++;
	}
	return false;
}

static bool any_has_string(const struct macho *macho, const char *name)
{
	for (size_t i = 0; i < macho->section_count; i++)
		if (has_string(macho->sections[i].bytes, name))
			return true;
	return false;
}

/* Which classes of the personalities the slice at least names. */
static struct error *find_named(struct opening *o, struct span bytes,
				struct kext_slice *slice)
{
	_cleanup_(macho_destroy) struct macho *macho = NULL;
	size_t capacity = 0;
	const char **list = NULL;
	struct error *error = NULL;

	if (kext_personalities(o->kext, NULL))
		error = macho_create(bytes, &macho);
	if (error)
		return error;
	for (const struct property *all = kext_personalities(o->kext, NULL); all;
	     all = kext_personalities(o->kext, all))
		property_for_each(all, p)
		{
			const char *class = property_get_string(p, "IOClass");

			if (!class || !*class || kext_find_class(slice, class) ||
			    !any_has_string(macho, class))
				continue;
			if (!array_grow(list, slice->named_count, capacity)) {
				free(list);
				return error_nomem();
			}
			list[slice->named_count++] = class;
		}
	slice->named =
		arena_alloc(o->request->arena, (slice->named_count + 1) * sizeof(*list));
	if (slice->named && list)
		memcpy(slice->named, list, slice->named_count * sizeof(*list));
	free(list);
	return slice->named ? NULL : error_nomem();
}

static struct error *read_slices(struct opening *o, const struct member *member)
{
	struct kext *kext = o->kext;
	_content_ struct content content = { 0 };
	_macho_file_ struct macho_file file = { 0 };
	struct error *error = bundle_read(o->request->bundle, member, &content);

	if (!error)
		error = macho_file_open(content.bytes, &file);
	if (error && error_kind(error) == ERROR_NOMEM)
		return error;
	if (error) {
		kext->executable_error = keep(o, error_message(error));
		error_destroy(error);
		return NULL;
	}
	kext->slices =
		arena_alloc(o->request->arena, (file.count + 1) * sizeof(*kext->slices));
	if (!kext->slices)
		return error_nomem();
	for (size_t i = 0; i < file.count && !error; i++) {
		error = kext_slice_read(&file.slices[i], o->request->arena,
					o->request->kpi, &kext->slices[i]);
		if (!error && !kext->slices[i].error)
			error = find_named(o, file.slices[i].bytes, &kext->slices[i]);
		kext->slice_count++;
	}
	return error;
}

/*
 * The SDK, as Xcode notes it ("macosx10.15"): its linker leaves no version in kexts.
 */
static void read_sdk(struct kext *kext)
{
	const char *name = property_get_string(kext->info, "DTSDKName");
	unsigned int major = 0, minor = 0;

	if (!name || sscanf(name, "macosx%2u.%2u", &major, &minor) < 1)
		return;
	for (size_t i = 0; i < kext->slice_count; i++)
		if (!kext->slices[i].sdk.packed)
			kext->slices[i].sdk.packed = major << 16 | minor << 8;
}

static struct error *read_executable(struct opening *o)
{
	struct kext *kext = o->kext;
	const struct member *member;
	_free_ char *path = NULL;
	int length;

	if (!kext->executable)
		return NULL;
	if (kext->dext || kext->shallow)
		length = asprintf(&path, "%s", kext->executable);
	else
		length = asprintf(&path, "Contents/MacOS/%s", kext->executable);
	if (length < 0) {
		path = NULL;
		return error_nomem();
	}
	member = find_file(o, path);
	if (!member && kext->dext) {
		free(path);
		if (asprintf(&path, "Contents/MacOS/%s", kext->executable) < 0) {
			path = NULL;
			return error_nomem();
		}
		member = find_file(o, path);
	}
	if (!member)
		return NULL;
	kext->executable_path = keep(o, member->name);
	return kext->executable_path ? read_slices(o, member) : error_nomem();
}

/* UTF-16 with a byte order mark, as .strings files often are, to its ASCII part. */
static void to_ascii(struct span bytes, struct strbuf *out)
{
	bool little = span_starts_with(bytes, "\xff\xfe", 2);

	if (!little && !span_starts_with(bytes, "\xfe\xff", 2)) {
		strbuf_add(out, bytes.data, bytes.size);
		return;
	}
	for (size_t i = 2; i + 1 < bytes.size; i += 2) {
		unsigned int c = little ? bytes.data[i] | bytes.data[i + 1] << 8
					: bytes.data[i] << 8 | bytes.data[i + 1];

		strbuf_addc(out, c < 128 ? (char)c : '?');
	}
}

/* A word or "quoted text" of a .strings file; NULL at the end. */
static const char *next_token(const char **p, unsigned int *line, struct strbuf *out)
{
	strbuf_truncate(out, 0);
	while (isspace((unsigned char)**p))
		*line += *(*p)++ == '\n';
	if (**p == '"') {
		for ((*p)++; **p && **p != '"'; (*p)++) {
			*line += **p == '\n';
			if (**p == '\\' && (*p)[1])
				(*p)++;
			strbuf_addc(out, **p);
		}
		*p += **p == '"';
		return strbuf_string(out);
	}
	while (isalnum((unsigned char)**p) || (**p && strchr("._-", **p)))
		strbuf_addc(out, *(*p)++);
	if (!out->length && **p)
		strbuf_addc(out, *(*p)++);
	return out->length ? strbuf_string(out) : NULL;
}

static bool skip_comment(const char **p, unsigned int *line)
{
	const char *end;

	while (isspace((unsigned char)**p))
		*line += *(*p)++ == '\n';
	if ((*p)[0] != '/' || ((*p)[1] != '*' && (*p)[1] != '/'))
		return false;
	end = (*p)[1] == '*' ? strstr(*p + 2, "*/") : strchr(*p, '\n');
	if (!end)
		end = *p + strlen(*p);
	else
		end += (*p)[1] == '*' ? 2 : 0;
	for (; *p < end; (*p)++)
		*line += **p == '\n';
	return true;
}

/* KEY = "VALUE"; … into the kext's list of strings. */
static struct error *parse_strings(struct opening *o, const char *name, const char *text,
				   size_t *capacity, struct kext_string **list)
{
	_strbuf_ struct strbuf key = STRBUF_INIT, value = STRBUF_INIT;
	struct kext *kext = o->kext;
	unsigned int line = 1;

	for (;;) {
		struct kext_string *s;
		unsigned int at;

		while (skip_comment(&text, &line))
			;
		at = line;
		if (!next_token(&text, &line, &key) ||
		    !next_token(&text, &line, &value) ||
		    strcmp(strbuf_string(&value), "=") ||
		    !next_token(&text, &line, &value))
			return NULL;
		if (!array_grow(*list, kext->string_count, *capacity))
			return error_nomem();
		s = &(*list)[kext->string_count++];
		*s = (struct kext_string){ name, keep(o, strbuf_string(&key)),
					   keep(o, strbuf_string(&value)), at };
		if (!s->key || !s->value)
			return error_nomem();
		text += strspn(text, " \t\r\n;");
	}
}

/* What the installer package around the kext calls its version: PackageInfo. */
static struct error *read_package_version(struct opening *o, struct kext_string *ret)
{
	const struct bundle *bundle = o->request->bundle;
	const struct container *c = &bundle->containers[o->request->container];
	_content_ struct content content = { 0 };
	const struct member *member = bundle_find(bundle, c->parent, "PackageInfo");
	_strbuf_ struct strbuf text = STRBUF_INIT, version = STRBUF_INIT;
	struct error *error;
	const char *at;

	if (!member || member->kind != MEMBER_FILE || member->size > STRINGS_LIMIT)
		return NULL;
	error = bundle_read(bundle, member, &content);
	if (error)
		return error;
	strbuf_add(&text, content.bytes.data, content.bytes.size);
	at = strstr(strbuf_string(&text), "<pkg-info");
	at = at ? strstr(at, " version=\"") : NULL;
	if (!at)
		return NULL;
	at += strlen(" version=\"");
	strbuf_add(&version, at, strcspn(at, "\""));
	*ret = (struct kext_string){ keep(o, member->name), "pkg-info:version",
				     keep(o, strbuf_string(&version)), 0 };
	return ret->path && ret->value ? NULL : error_nomem();
}

static struct error *read_strings(struct opening *o)
{
	struct kext *kext = o->kext;
	struct kext_string *list = NULL;
	struct error *error = NULL;
	size_t capacity = 0;

	for (size_t i = 0; i < kext->member_count && !error; i++) {
		_content_ struct content content = { 0 };
		_strbuf_ struct strbuf text = STRBUF_INIT;

		if (!path_ends_with(kext->members[i].path, "/InfoPlist.strings") ||
		    kext->members[i].folder || kext->members[i].link ||
		    kext->members[i].size > STRINGS_LIMIT)
			continue;
		error = bundle_read(o->request->bundle, o->members[i], &content);
		if (error)
			break;
		if (macho_recognize(content.bytes) ||
		    span_starts_with(content.bytes, "bplist", 6))
			continue;
		to_ascii(content.bytes, &text);
		error = parse_strings(o, kext->members[i].name, strbuf_string(&text),
				      &capacity, &list);
	}
	if (!error && array_grow(list, kext->string_count, capacity)) {
		list[kext->string_count] = (struct kext_string){ 0 };
		error = read_package_version(o, &list[kext->string_count]);
		kext->string_count += list[kext->string_count].value != NULL;
	}
	if (error && error_kind(error) != ERROR_NOMEM) {
		error_destroy(error); /* a member that cannot be read is told elsewhere */
		error = NULL;
	}
	kext->strings = arena_alloc(o->request->arena,
				    (kext->string_count + 1) * sizeof(*kext->strings));
	if (kext->strings && kext->string_count)
		memcpy(kext->strings, list, kext->string_count * sizeof(*list));
	free(list);
	return error ? error : kext->strings ? NULL : error_nomem();
}

/* For people: the container's name, and the folder in it. */
static const char *display_name(const struct opening *o)
{
	const struct kext_request *q = o->request;
	const struct container *c = &q->bundle->containers[q->container];
	_strbuf_ struct strbuf name = STRBUF_INIT;

	strbuf_adds(&name, c->name);
	while (name.length > 1 && name.data[name.length - 1] == '/')
		strbuf_truncate(&name, name.length - 1);
	if (*q->folder)
		strbuf_addf(&name, "%s%s", c->kind == CONTAINER_FOLDER ? "/" : "!",
			    q->folder);
	return keep(o, strbuf_string(&name));
}

static struct error *begin(struct opening *o, struct kext **ret)
{
	const struct kext_request *q = o->request;
	const struct container *c = &q->bundle->containers[q->container];
	struct kext *kext = arena_alloc(q->arena, sizeof(*kext));

	if (!kext)
		return error_nomem();
	o->kext = kext;
	*kext = (struct kext){
		.name = display_name(o),
		.folder = keep(o, q->folder),
		.bundle = q->bundle_number,
		.container = q->container,
		.provider = q->provider,
		.ships = c->kind != CONTAINER_FOLDER && c->kind != CONTAINER_FILE,
	};
	if (!kext->name || !kext->folder)
		return error_nomem();
	kext->base = path_base(*kext->folder ? kext->folder : kext->name);
	kext->dext = path_ends_with(kext->base, ".dext");
	*ret = kext;
	return NULL;
}

struct error *kext_open(const struct kext_request *request, struct kext **ret)
{
	struct opening o = { .request = request };
	struct kext *kext = NULL;
	struct error *error = begin(&o, &kext);

	if (!error)
		error = gather_members(&o);
	if (!error)
		error = read_info(&o);
	if (!error)
		error = read_executable(&o);
	if (!error)
		read_sdk(kext);
	if (!error)
		error = read_strings(&o);
	if (!error) {
		kext->signature =
			kext_find_member(kext, "Contents/_CodeSignature/CodeResources") ||
			kext_find_member(kext, "_CodeSignature/CodeResources");
		*ret = kext;
	} else {
		kext_close(kext);
	}
	free(o.members);
	return error;
}

struct error *kext_open_bare(const struct kext_request *request, struct kext **ret)
{
	struct opening o = { .request = request };
	struct kext *kext = NULL;
	struct error *error = begin(&o, &kext);
	const struct member *member =
		bundle_find(request->bundle, request->container, request->folder);

	if (error)
		return error;
	if (!member)
		return error_new(ERROR_INTERNAL, "%s: no such member", request->folder);
	kext->bare = true;
	kext->name = kext->executable_path = keep(&o, member->name);
	if (!kext->name)
		return error_nomem();
	kext->base = path_base(kext->name);
	error = read_slices(&o, member);
	if (!error)
		*ret = kext;
	return error;
}
