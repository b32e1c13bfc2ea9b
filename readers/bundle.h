/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any container as one sorted tree of members: a folder, a file, .deb, .rpm, .tar.*,
 * .zip, .pkg (xar), .cpio. Nothing is unpacked to disk. Containers inside are followed;
 * "!" in a name stands between a container and what it holds.
 *
 * Folders are walked without following links; their files are mapped when read and
 * unmapped by content_deinit(). An archive is read once, and its members' bytes are
 * kept in memory within the limits below. What breaks a limit, escapes from its
 * container or cannot be read becomes a fact, never a failure: only a root path that
 * cannot be opened at all is an error.
 *
 * A .deb's two inner archives are one container: control files have paths below
 * "DEBIAN/", the rest is what gets installed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/span.h"

enum container_kind {
	CONTAINER_FOLDER,
	CONTAINER_FILE, /* a lone file, its one member */
	CONTAINER_DEB,
	CONTAINER_RPM,
	CONTAINER_TAR,
	CONTAINER_ZIP,
	CONTAINER_XAR,
	CONTAINER_CPIO,
	CONTAINER_AR,
	CONTAINER_OTHER,
};

enum member_kind {
	MEMBER_FILE,
	MEMBER_FOLDER,
	MEMBER_LINK,	 /* symbolic */
	MEMBER_HARDLINK, /* to another member of its archive; has that one's bytes */
	MEMBER_OTHER,	 /* device, socket, fifo */
};

struct member {
	const char *name; /* for people: "dist.zip!refdrv.deb!lib/modules/refdrv.ko" */
	const char *path; /* in its container, no "./" before it; "" is its root */
	const char *disk; /* where it lies on disk; NULL inside an archive */
	size_t container; /* index into bundle->containers */
	enum member_kind kind;
	uint32_t mode; /* permission bits */
	uint32_t uid, gid;
	const char *user, *group; /* as an archive names them, or NULL */
	uint64_t size;
	int64_t mtime;	   /* seconds since 1970 */
	const char *link;  /* target of a link, or NULL */
	struct span bytes; /* of an archive's member; folders: use bundle_read() */
	bool kept;	   /* bytes are there (archives: not cut by a limit) */
};

struct container {
	enum container_kind kind;
	const char *name;    /* for people */
	size_t parent;	     /* index; of the first one: itself */
	const char *disk;    /* the file or folder on disk, or NULL */
	struct span bytes;   /* the archive itself, while the bundle lives; else empty */
	size_t first, count; /* its members, once sorted: one run of bundle->members */
};

enum bundle_fact_kind {
	BUNDLE_ABSOLUTE_PATH,
	BUNDLE_PARENT_PATH,  /* ".." */
	BUNDLE_LINK_LEAVES,  /* a link whose target is outside the container */
	BUNDLE_LINK_MISSING, /* a hard link to no member */
	BUNDLE_DUPLICATE,    /* one path twice */
	BUNDLE_TOO_MANY,     /* members */
	BUNDLE_TOO_LARGE,    /* bytes */
	BUNDLE_RATIO,	     /* bytes for one byte of archive */
	BUNDLE_TOO_DEEP,     /* containers in containers */
	BUNDLE_BROKEN,	     /* the archive ends early or makes no sense */
	BUNDLE_UNREADABLE, /* no permission, I/O error, encrypted, unknown compression */
};

struct bundle_fact {
	enum bundle_fact_kind kind;
	size_t container;
	const char *name;   /* member or container, for people */
	const char *detail; /* one line, or NULL */
};

/* 0 means the default. */
struct bundle_limits {
	size_t members;	       /* of all containers together: 200 000 */
	uint64_t member_bytes; /* of one member: 512 MiB */
	uint64_t total_bytes;  /* kept in memory: 1 GiB */
	uint64_t ratio;	       /* bytes for one of archive, beyond 64 MiB: 300 */
	unsigned int depth;    /* containers in containers: 4 */
};

struct bundle {
	const char *root;	/* as given */
	struct member *members; /* sorted by container, then path (byte order) */
	size_t count, capacity;
	struct container *containers;
	size_t container_count, container_capacity;
	struct bundle_fact *facts;
	size_t fact_count, fact_capacity;
	struct bundle_state *state; /* its own */
};

struct error *bundle_open(const char *path, const struct bundle_limits *limits,
			  struct bundle **ret);

/* The same over bytes that the caller keeps; @name is shown and tells the kind. */
struct error *bundle_open_memory(const char *name, struct span bytes,
				 const struct bundle_limits *limits, struct bundle **ret);
void bundle_destroy(struct bundle *bundle);
CLEANUP_DEFINE(struct bundle, bundle_destroy)

/* Member of @container at @path (no "./"), or NULL. */
const struct member *bundle_find(const struct bundle *bundle, size_t container,
				 const char *path);

/* A member's bytes; safe to call from several threads. */
struct content {
	struct span bytes;
	struct mapping mapping;
	void *memory;
};

/* As stored. */
struct error *bundle_read(const struct bundle *bundle, const struct member *member,
			  struct content *ret);

/* Unpacked when the member's name ends in .xz, .zst or .gz (a module), else as stored. */
struct error *bundle_read_plain(const struct bundle *bundle, const struct member *member,
				struct content *ret);
void content_deinit(struct content *content);
#define _content_ __attribute__((cleanup(content_deinit)))

/* Unpacks one compressed stream (xz, zstd, gzip) into malloc'ed memory. */
struct error *bundle_inflate(const char *name, struct span bytes, uint64_t limit,
			     struct content *ret);

const char *container_kind_name(enum container_kind kind);

/* The last component of a path. */
const char *path_base(const char *path);
bool path_ends_with(const char *path, const char *suffix);
/* ".ko", ".ko.xz", ".ko.zst" or ".ko.gz". */
bool path_is_module(const char *path);
