/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Folders on disk: walked by descriptor, links never followed. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/array.h"
#include "common/error.h"
#include "readers/bundle_state.h"

enum { FOLDER_DEPTH = 64 };

/* Trees of version control are named, not walked: thousands of objects say nothing. */
static bool is_version_control(const char *name)
{
	static const char *const names[] = { ".git", ".svn", ".hg", ".bzr" };

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

static struct error *read_link(struct bundle *bundle, int folder, const char *name,
			       struct member *member)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(folder, name, target, sizeof(target) - 1);
	char *copy = NULL;
	struct error *error;

	if (n < 0)
		return NULL;
	target[n] = '\0';
	error = bundle_string(bundle, &copy, "%s", target);
	member->link = copy;
	return error;
}

/* Maps an archive for as long as the bundle lives, and reads it. */
static struct error *follow(struct bundle *bundle, const struct member *member)
{
	struct bundle_state *s = bundle->state;
	_mapping_ struct mapping mapping = { 0 };
	_error_ struct error *failed = NULL;

	if (bundle_probe(member->name, (struct span){ 0 }) == CONTAINER_FILE)
		return NULL;
	failed = file_map(member->disk, &mapping);
	if (failed)
		return bundle_fact(bundle, BUNDLE_UNREADABLE, member->container,
				   member->name, "%s", error_message(failed));
	if (!array_grow(s->mappings, s->mapping_count, s->mapping_capacity))
		return error_nomem();
	s->mappings[s->mapping_count++] = mapping;
	mapping = (struct mapping){ 0 };
	return bundle_enter(bundle, member->name, member->disk, member->container,
			    s->mappings[s->mapping_count - 1].bytes, 1);
}

static struct error *walk(struct bundle *bundle, size_t container, int folder,
			  const char *path, unsigned int depth);

static struct error *walk_below(struct bundle *bundle, size_t container, int folder,
				const char *name, const struct member *member,
				unsigned int depth)
{
	int fd;

	if (is_version_control(name))
		return NULL;
	if (depth >= FOLDER_DEPTH)
		return bundle_fact(bundle, BUNDLE_TOO_DEEP, container, member->name,
				   "folders deeper than %d were not read", FOLDER_DEPTH);
	fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return bundle_fact(bundle, BUNDLE_UNREADABLE, container, member->name,
				   "%s", strerror(errno));
	return walk(bundle, container, fd, member->path, depth + 1);
}

static struct error *visit(struct bundle *bundle, size_t container, int folder,
			   const char *parent, const char *name, unsigned int depth,
			   bool *more)
{
	const struct container *c = &bundle->containers[container];
	struct member m = { .container = container };
	struct error *error;
	struct stat st;
	char *full = NULL;

	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW))
		return NULL;
	error = bundle_string(bundle, &full, "%s/%s%s%s", c->disk, parent,
			      *parent ? "/" : "", name);
	if (error)
		return error;
	m.name = m.disk = full;
	m.path = full + strlen(c->disk) + 1;
	m.kind = S_ISREG(st.st_mode)   ? MEMBER_FILE
		 : S_ISDIR(st.st_mode) ? MEMBER_FOLDER
		 : S_ISLNK(st.st_mode) ? MEMBER_LINK
				       : MEMBER_OTHER;
	m.mode = st.st_mode & 07777;
	m.uid = st.st_uid;
	m.gid = st.st_gid;
	m.size = S_ISREG(st.st_mode) ? st.st_size : 0;
	m.mtime = st.st_mtime;
	if (m.kind == MEMBER_LINK)
		error = read_link(bundle, folder, name, &m);
	if (!error)
		error = bundle_add_member(bundle, &m, more);
	if (error || !*more)
		return error;
	if (m.kind == MEMBER_FOLDER)
		return walk_below(bundle, container, folder, name, &m, depth);
	return m.kind == MEMBER_FILE && m.size ? follow(bundle, &m) : NULL;
}

/* Owns @folder. */
static struct error *walk(struct bundle *bundle, size_t container, int folder,
			  const char *path, unsigned int depth)
{
	_closedir_ DIR *dir = fdopendir(folder);
	struct error *error = NULL;
	struct dirent *entry;
	bool more = true;

	if (!dir) {
		close(folder);
		return error_errno(errno, "cannot read folder %s", path);
	}
	while (!error && more && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			error = visit(bundle, container, dirfd(dir), path, entry->d_name,
				      depth, &more);
	return error;
}

struct error *bundle_walk_folder(struct bundle *bundle, size_t container)
{
	const char *disk = bundle->containers[container].disk;
	int fd = open(disk, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return error_errno(errno, "cannot read folder %s", disk);
	return walk(bundle, container, fd, "", 0);
}
