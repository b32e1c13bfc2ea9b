/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Archives, through libarchive, from memory, in one pass. */
#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/array.h"
#include "common/error.h"
#include "readers/bundle_state.h"
#include "readers/inflate.h"

/* Below this a high ratio hurts nobody. */
static const uint64_t ratio_from = 64ULL << 20;

static void free_archive(struct archive **archive)
{
	if (*archive)
		archive_read_free(*archive);
}
#define _archive_ __attribute__((cleanup(free_archive)))

static const struct suffix {
	const char *suffix;
	enum container_kind kind;
} suffixes[] = {
	{ ".deb", CONTAINER_DEB },	{ ".ddeb", CONTAINER_DEB },
	{ ".udeb", CONTAINER_DEB },	{ ".rpm", CONTAINER_RPM },
	{ ".tar", CONTAINER_TAR },	{ ".tar.gz", CONTAINER_TAR },
	{ ".tgz", CONTAINER_TAR },	{ ".tar.xz", CONTAINER_TAR },
	{ ".txz", CONTAINER_TAR },	{ ".tar.zst", CONTAINER_TAR },
	{ ".tar.bz2", CONTAINER_TAR },	{ ".tbz", CONTAINER_TAR },
	{ ".tar.lzma", CONTAINER_TAR }, { ".zip", CONTAINER_ZIP },
	{ ".pkg", CONTAINER_XAR },	{ ".xar", CONTAINER_XAR },
	{ ".cpio", CONTAINER_CPIO },	{ ".cpio.gz", CONTAINER_CPIO },
	{ ".7z", CONTAINER_OTHER },
};

/* "Payload" and "Scripts" of an installer package: cpio, mostly within gzip. */
static bool is_payload(const char *name, struct span head)
{
	const char *base = path_base(name), *inner = strrchr(base, '!');

	base = inner ? inner + 1 : base;
	if (strcmp(base, "Payload") && strcmp(base, "Scripts"))
		return false;
	return span_starts_with(head, "\x1f\x8b", 2) ||
	       span_starts_with(head, "0707", 4) || span_starts_with(head, "pbzx", 4);
}

enum container_kind bundle_probe(const char *name, struct span head)
{
	for (size_t i = 0; i < ARRAY_LENGTH(suffixes); i++)
		if (path_ends_with(name, suffixes[i].suffix) &&
		    strlen(path_base(name)) > strlen(suffixes[i].suffix))
			return suffixes[i].kind;
	if (span_starts_with(head, "!<arch>\ndebian-binary", 21))
		return CONTAINER_DEB;
	if (span_starts_with(head, "\xed\xab\xee\xdb", 4))
		return CONTAINER_RPM;
	if (is_payload(name, head))
		return CONTAINER_CPIO;
	if (span_starts_with(head, "xar!", 4))
		return CONTAINER_XAR;
	if (span_starts_with(head, "PK\3\4", 4))
		return CONTAINER_ZIP;
	if (head.size > 262 && !memcmp(head.data + 257, "ustar", 5))
		return CONTAINER_TAR;
	return CONTAINER_FILE;
}

/* Without "./" and "/" in front and "/" behind; false: it escapes. */
static struct error *clean_path(struct bundle *bundle, const char *prefix,
				const char *path, char **ret, bool *absolute,
				bool *parent)
{
	struct error *error;
	size_t n;

	*absolute = *path == '/';
	*parent = false;
	while (*path == '/' || (path[0] == '.' && (path[1] == '/' || !path[1])))
		path++;
	for (const char *p = path; p && *p; p = strchr(p, '/')) {
		p += *p == '/';
		*parent |= p[0] == '.' && p[1] == '.' && (p[2] == '/' || !p[2]);
	}
	error = bundle_string(bundle, ret, "%s%s", prefix, path);
	if (error)
		return error;
	for (n = strlen(*ret); n && (*ret)[n - 1] == '/'; n--)
		(*ret)[n - 1] = '\0';
	return NULL;
}

/*
 * Whether a relative target, followed from the folder of @path, climbs above the root.
 * Absolute targets stay in an installed package, but leave every other archive.
 */
static bool link_leaves(enum container_kind kind, const char *path, const char *target)
{
	int depth = 0;

	if (*target == '/')
		return kind != CONTAINER_DEB && kind != CONTAINER_RPM &&
		       kind != CONTAINER_XAR && kind != CONTAINER_CPIO;
	for (const char *p = path; (p = strchr(p, '/')); p++)
		depth++;
	while (*target) {
		size_t n = strcspn(target, "/");

		if (n == 2 && !strncmp(target, "..", 2))
			depth--;
		else if (n && !(n == 1 && *target == '.'))
			depth++;
		if (depth < 0)
			return true;
		target += n + (target[n] == '/');
	}
	return false;
}

struct job {
	struct bundle *bundle;
	size_t container;
	const char *prefix; /* before every path: "DEBIAN/" for control archives */
	uint64_t input;	    /* bytes of the archive */
	uint64_t output;    /* bytes it gave so far */
	unsigned int depth;
};

/* Why reading stopped. */
enum stop { STOP_NOT, STOP_RATIO, STOP_LARGE, STOP_BROKEN };

/* All bytes of the current entry, malloc'ed, at most @limit. */
static struct error *read_entry(struct archive *archive, uint64_t limit, struct job *job,
				struct span *ret, enum stop *stop)
{
	uint8_t *data = NULL;
	size_t size = 0, capacity = 0;

	for (;;) {
		ssize_t n;

		if (size == capacity) {
			size_t larger = capacity ? capacity * 2 : 65536;
			uint8_t *grown = realloc(data, larger);

			if (!grown) {
				free(data);
				return error_nomem();
			}
			data = grown;
			capacity = larger;
		}
		n = archive_read_data(archive, data + size, capacity - size);
		if (n > 0) {
			size += n;
			job->output += n;
		}
		*stop = n < 0	       ? STOP_BROKEN
			: size > limit ? STOP_LARGE
			: job->output > ratio_from && job->input &&
					job->output / job->input >
						job->bundle->state->limits.ratio
				? STOP_RATIO
				: STOP_NOT;
		if (n <= 0 || *stop)
			break;
	}
	if (*stop) {
		free(data);
		return NULL;
	}
	*ret = (struct span){ size ? realloc(data, size) : data, size };
	if (!ret->data)
		ret->data = data;
	return NULL;
}

static struct error *tell_stop(struct job *job, enum stop stop, const char *name,
			       struct archive *archive)
{
	struct bundle *b = job->bundle;

	switch (stop) {
	case STOP_RATIO:
		return bundle_fact(b, BUNDLE_RATIO, job->container, name,
				   "unpacks to more than %llu times its size; the rest "
				   "was not read",
				   (unsigned long long)b->state->limits.ratio);
	case STOP_LARGE:
		return bundle_fact(b, BUNDLE_TOO_LARGE, job->container, name,
				   "larger than what is kept of one member or of all "
				   "together; its content was not read");
	case STOP_BROKEN:
		return bundle_fact(b, BUNDLE_BROKEN, job->container, name, "%s",
				   archive_error_string(archive)
					   ? archive_error_string(archive)
					   : "ends early");
	case STOP_NOT:
		break;
	}
	return NULL;
}

static enum member_kind kind_of(struct archive_entry *entry)
{
	if (archive_entry_hardlink(entry))
		return MEMBER_HARDLINK;
	switch (archive_entry_filetype(entry)) {
	case AE_IFREG:
	case 0:
		return MEMBER_FILE;
	case AE_IFDIR:
		return MEMBER_FOLDER;
	case AE_IFLNK:
		return MEMBER_LINK;
	default:
		return MEMBER_OTHER;
	}
}

static struct error *keep_copy(struct bundle *bundle, const char *text, const char **ret)
{
	char *copy = NULL;
	struct error *error = text ? bundle_string(bundle, &copy, "%s", text) : NULL;

	*ret = copy;
	return error;
}

static struct error *tell_escapes(struct job *job, const struct member *m, bool absolute,
				  bool parent, const char *given)
{
	struct bundle *b = job->bundle;
	enum container_kind kind = b->containers[job->container].kind;
	struct error *error = NULL;

	/* rpm payloads and some cpio archives name everything from the root */
	if (absolute && kind != CONTAINER_RPM && kind != CONTAINER_CPIO)
		error = bundle_fact(b, BUNDLE_ABSOLUTE_PATH, job->container, m->name,
				    "stored as %s", given);
	if (!error && parent)
		error = bundle_fact(b, BUNDLE_PARENT_PATH, job->container, m->name,
				    "stored as %s", given);
	if (!error && m->kind == MEMBER_LINK && m->link &&
	    link_leaves(kind, m->path, m->link))
		error = bundle_fact(b, BUNDLE_LINK_LEAVES, job->container, m->name,
				    "links to %s", m->link);
	return error;
}

/* Everything but the bytes. */
static struct error *fill_member(struct job *job, struct archive_entry *entry,
				 struct member *m, bool *absolute, bool *parent)
{
	struct bundle *b = job->bundle;
	const char *given = archive_entry_pathname(entry);
	char *path = NULL, *name = NULL;
	struct error *error =
		clean_path(b, job->prefix, given ? given : "", &path, absolute, parent);

	if (!error)
		error = bundle_string(b, &name, "%s!%s",
				      b->containers[job->container].name, path);
	m->name = name;
	m->path = path;
	m->container = job->container;
	m->kind = kind_of(entry);
	m->mode = archive_entry_perm(entry) & 07777;
	m->uid = archive_entry_uid(entry);
	m->gid = archive_entry_gid(entry);
	m->mtime = archive_entry_mtime(entry);
	if (!error)
		error = keep_copy(b, archive_entry_uname(entry), &m->user);
	if (!error)
		error = keep_copy(b, archive_entry_gname(entry), &m->group);
	if (!error)
		error = keep_copy(b,
				  m->kind == MEMBER_HARDLINK
					  ? archive_entry_hardlink(entry)
					  : archive_entry_symlink(entry),
				  &m->link);
	return error;
}

static struct error *read_bytes(struct job *job, struct archive *archive,
				struct member *m, enum stop *stop)
{
	struct bundle_state *s = job->bundle->state;
	uint64_t left = s->limits.total_bytes - s->kept;
	uint64_t limit = left < s->limits.member_bytes ? left : s->limits.member_bytes;
	struct error *error = read_entry(archive, limit, job, &m->bytes, stop);

	if (error || *stop) {
		m->bytes = (struct span){ 0 };
		return error ? error : tell_stop(job, *stop, m->name, archive);
	}
	m->kept = true;
	m->size = m->bytes.size;
	s->kept += m->bytes.size;
	return bundle_keep(job->bundle, (void *)m->bytes.data);
}

/* A hard link's bytes are those of the member before it that it names. */
static struct error *resolve_hardlink(struct job *job, struct member *m)
{
	const char *target = m->link ? m->link : "";

	while (*target == '/' || (target[0] == '.' && target[1] == '/'))
		target++;
	for (size_t i = job->bundle->count; i-- > 0;) {
		const struct member *other = &job->bundle->members[i];

		if (other->container != job->container)
			break;
		if (strcmp(other->path, target) || !other->kept)
			continue;
		m->bytes = other->bytes;
		m->size = other->size;
		m->kept = true;
		return NULL;
	}
	return bundle_fact(job->bundle, BUNDLE_LINK_MISSING, job->container, m->name,
			   "is a hard link to %s, which is not there before it", target);
}

static struct error *read_archive(struct job *job, struct span bytes, bool all_formats);

static struct error *take_entry(struct job *job, struct archive *archive,
				struct archive_entry *entry, bool *more)
{
	struct member m = { 0 };
	enum stop stop = STOP_NOT;
	bool absolute, parent;
	struct error *error = fill_member(job, entry, &m, &absolute, &parent);
	const char *given = archive_entry_pathname(entry);

	if (!error && m.kind == MEMBER_FILE)
		error = read_bytes(job, archive, &m, &stop);
	/* rpm and newc keep a hard link's bytes at one of its names only */
	if (!error && m.kind == MEMBER_HARDLINK && archive_entry_size(entry) > 0)
		error = read_bytes(job, archive, &m, &stop);
	if (!error && m.kind == MEMBER_HARDLINK && !m.kept)
		error = resolve_hardlink(job, &m);
	if (!error)
		error = tell_escapes(job, &m, absolute, parent, given ? given : "");
	*more = false;
	if (!error && *m.path)
		error = bundle_add_member(job->bundle, &m, more);
	else if (!error)
		*more = true;
	if (!error && *more && m.kept && m.kind == MEMBER_FILE)
		error = bundle_enter(job->bundle, m.name, NULL, job->container, m.bytes,
				     job->depth + 1);
	*more &= stop == STOP_NOT || stop == STOP_LARGE;
	return error;
}

/* A .deb's outer archive: its two inner ones become members of the same container. */
static struct error *take_deb_part(struct job *job, struct archive *archive,
				   struct archive_entry *entry, bool *more)
{
	const char *name = archive_entry_pathname(entry);
	struct job inner = *job;
	enum stop stop = STOP_NOT;
	struct span bytes = { 0 };
	struct error *error;

	*more = true;
	if (!name)
		return NULL;
	if (!strncmp(name, "control.tar", 11))
		inner.prefix = "DEBIAN/";
	else if (strncmp(name, "data.tar", 8))
		return NULL;
	error = read_entry(archive, job->bundle->state->limits.total_bytes, job, &bytes,
			   &stop);
	if (error)
		return error;
	if (stop) {
		*more = false;
		return tell_stop(job, stop, job->bundle->containers[job->container].name,
				 archive);
	}
	inner.input = bytes.size;
	inner.output = 0;
	error = read_archive(&inner, bytes, false);
	free((void *)bytes.data);
	return error;
}

static struct archive *open_archive(struct span bytes, bool deb_outer)
{
	struct archive *archive = archive_read_new();
	bool ok = archive;

	ok = ok && archive_read_support_filter_all(archive) <= ARCHIVE_OK;
	if (ok && deb_outer)
		ok = archive_read_support_format_ar(archive) == ARCHIVE_OK;
	else if (ok)
		ok = archive_read_support_format_tar(archive) == ARCHIVE_OK &&
		     archive_read_support_format_cpio(archive) == ARCHIVE_OK &&
		     archive_read_support_format_zip(archive) == ARCHIVE_OK &&
		     archive_read_support_format_xar(archive) <= ARCHIVE_OK &&
		     archive_read_support_format_7zip(archive) <= ARCHIVE_OK;
	if (!ok) {
		if (archive)
			archive_read_free(archive);
		return NULL;
	}
	archive_read_open_memory(archive, bytes.data, bytes.size);
	return archive;
}

static struct error *read_archive(struct job *job, struct span bytes, bool deb_outer)
{
	_archive_ struct archive *archive = open_archive(bytes, deb_outer);
	const char *name = job->bundle->containers[job->container].name;
	struct archive_entry *entry;
	struct error *error = NULL;
	bool more = true;
	int status = ARCHIVE_OK;

	if (!archive)
		return error_nomem();
	while (!error && more) {
		status = archive_read_next_header(archive, &entry);
		if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
			break;
		error = deb_outer ? take_deb_part(job, archive, entry, &more)
				  : take_entry(job, archive, entry, &more);
	}
	if (!error && status != ARCHIVE_EOF && status < ARCHIVE_WARN)
		error = bundle_fact(job->bundle, BUNDLE_BROKEN, job->container, name,
				    "%s",
				    archive_error_string(archive)
					    ? archive_error_string(archive)
					    : "ends early");
	return error;
}

struct error *bundle_read_archive(struct bundle *bundle, size_t container,
				  unsigned int depth)
{
	const struct container *c = &bundle->containers[container];
	struct job job = { .bundle = bundle,
			   .container = container,
			   .prefix = "",
			   .input = c->bytes.size,
			   .depth = depth };

	return read_archive(&job, c->bytes, c->kind == CONTAINER_DEB);
}

struct error *bundle_enter(struct bundle *bundle, const char *name, const char *disk,
			   size_t parent, struct span bytes, unsigned int depth)
{
	enum container_kind kind = bundle_probe(name, bytes);
	size_t container, members = 0, facts = 0;
	struct error *error;

	if (kind == CONTAINER_FILE)
		return NULL;
	if (span_starts_with(bytes, "pbzx", 4))
		return bundle_fact(bundle, BUNDLE_UNREADABLE, parent, name,
				   "payloads of the pbzx kind cannot be unpacked");
	if (depth > bundle->state->limits.depth)
		return bundle_fact(bundle, BUNDLE_TOO_DEEP, parent, name,
				   "containers in containers deeper than %u were not "
				   "opened",
				   bundle->state->limits.depth);
	error = bundle_add_container(bundle, kind, name, parent, disk, bytes, &container);
	if (!error) {
		members = bundle->count;
		facts = bundle->fact_count;
		error = bundle_read_archive(bundle, container, depth);
	}
	if (!error && bundle->count == members && bundle->fact_count == facts)
		error = bundle_fact(bundle, BUNDLE_BROKEN, container, name,
				    "nothing could be read from it");
	return error;
}

struct error *bundle_inflate(const char *name, struct span bytes, uint64_t limit,
			     struct content *ret)
{
	_archive_ struct archive *archive = NULL;
	struct archive_entry *entry;
	size_t size = 0, capacity = bytes.size * 4 + 65536;
	_free_ uint8_t *data = NULL;
	ssize_t n;

	if (inflate_zstd_frame(bytes, limit, ret))
		return NULL;
	archive = archive_read_new();
	data = malloc(capacity);
	if (!archive || !data)
		return error_nomem();
	archive_read_support_filter_gzip(archive);
	archive_read_support_filter_xz(archive);
	archive_read_support_filter_zstd(archive);
	archive_read_support_filter_lz4(archive); /* kernel images */
	archive_read_support_format_raw(archive);
	if (archive_read_open_memory(archive, bytes.data, bytes.size) != ARCHIVE_OK ||
	    archive_read_next_header(archive, &entry) != ARCHIVE_OK ||
	    archive_filter_count(archive) < 2)
		return error_new(ERROR_INPUT, "%s cannot be unpacked: %s", name,
				 archive_error_string(archive)
					 ? archive_error_string(archive)
					 : "it is not xz, zstd, gzip or lz4");
	while ((n = archive_read_data(archive, data + size, capacity - size)) > 0) {
		size += n;
		if (size > limit)
			return error_new(ERROR_INPUT,
					 "%s unpacks to more than %llu bytes", name,
					 (unsigned long long)limit);
		if (size == capacity) {
			uint8_t *larger = realloc(data, capacity * 2);

			if (!larger)
				return error_nomem();
			data = larger;
			capacity *= 2;
		}
	}
	if (n < 0)
		return error_new(ERROR_INPUT, "%s cannot be unpacked: %s", name,
				 archive_error_string(archive));
	*ret = (struct content){ .bytes = { data, size }, .memory = data };
	data = NULL;
	return NULL;
}
