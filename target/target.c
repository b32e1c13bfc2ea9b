/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/error.h"

/* The kinds as "local, ssh:HOST, vm" for an error message. */
static void add_kinds(struct strbuf *out)
{
	registry_for_each(target_kind, it)
		strbuf_addf(out, "%s%s%s", out->length ? ", " : "", (*it)->name,
			    strchr((*it)->name, ':') ? "HOST" : "");
}

struct error *target_create(const char *name, const struct target_options *options,
			    struct target **ret)
{
	struct target_options with_host = *options;
	_strbuf_ struct strbuf kinds = STRBUF_INIT;

	registry_for_each(target_kind, it)
	{
		size_t length = strlen((*it)->name);
		bool prefix = (*it)->name[length - 1] == ':';

		if (prefix ? strncmp(name, (*it)->name, length)
			   : strcmp(name, (*it)->name))
			continue;
		if (prefix && !name[length])
			return error_new(ERROR_USAGE, "target %s lacks its host", name);
		with_host.host = prefix ? name + length : NULL;
		return (*it)->create(&with_host, ret);
	}
	add_kinds(&kinds);
	return error_new(ERROR_USAGE, "there is no target '%s'; there are %s", name,
			 strbuf_string(&kinds));
}

void target_destroy(struct target *target)
{
	if (target)
		target->operations->destroy(target);
}

struct error *target_add_file(struct target *target, const char *host, const char *path)
{
	return target->operations->add_file(target, host, path);
}

struct error *target_add_bytes(struct target *target, const void *data, size_t size,
			       const char *path, unsigned int mode)
{
	return target->operations->add_bytes(target, data, size, path, mode);
}

struct error *target_add_program(struct target *target, const char *host,
				 const char *path)
{
	return target->operations->add_program(target, host, path);
}

struct error *target_add_module(struct target *target, const char *name, bool load,
				char **path)
{
	return target->operations->add_module(target, name, load, path);
}

struct error *target_start(struct target *target)
{
	return target->operations->start(target);
}

struct error *target_run(struct target *target, const struct target_program *program,
			 struct target_outcome *ret)
{
	*ret = (struct target_outcome){ .end = TARGET_GONE };
	return target->operations->run(target, program, ret);
}

void target_share(struct target *target, const struct target_ring *ring)
{
	if (target->operations->share)
		target->operations->share(target, ring);
}

struct error *target_path(const struct target *target, const char *path, char **ret)
{
	if (asprintf(ret, "%s%s", target->root ? target->root : "", path) >= 0)
		return NULL;
	*ret = NULL;
	return error_nomem();
}

struct error *target_signal(struct target *target, int number)
{
	return target->operations->signal(target, number);
}

struct error *target_read_file(struct target *target, const char *path, size_t limit,
			       char **ret)
{
	return target->operations->read_file(target, path, limit, ret);
}

struct error *target_dump(struct target *target, const char *path)
{
	if (!target->operations->dump)
		return error_new(ERROR_MISSING, "a target of kind %s cannot dump memory",
				 target->kind);
	return target->operations->dump(target, path);
}

struct error *target_console(struct target *target, size_t limit, char **ret)
{
	_close_ int fd =
		target->console ? open(target->console, O_RDONLY | O_CLOEXEC) : -1;
	_free_ char *text = NULL;
	struct stat st;
	ssize_t n;

	if (!target->console)
		return error_new(ERROR_MISSING, "a target of kind %s has no console log",
				 target->kind);
	if (fd < 0 || fstat(fd, &st))
		return error_errno(errno, "cannot read %s", target->console);
	if ((uint64_t)st.st_size < limit)
		limit = st.st_size;
	text = malloc(limit + 1);
	if (!text)
		return error_nomem();
	n = pread(fd, text, limit, st.st_size - (off_t)limit);
	if (n < 0)
		return error_errno(errno, "cannot read %s", target->console);
	text[n] = 0;
	*ret = take(text);
	return NULL;
}

struct error *target_hold(struct target *target)
{
	if (!target->operations->hold)
		return error_new(ERROR_MISSING, "a target of kind %s cannot be held",
				 target->kind);
	return target->operations->hold(target);
}
