/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mounts and unmounts a file system, of a device or of an image file through a loop
 * device, with a file written, read and removed in between when asked for.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "common/file.h"
#include "cycler/kinds/kind.h"

enum {
	ATTEMPTS = 16, /* at a free loop device, which others may take first */
	BYTES = 8192,
};

#define CONTROL "/dev/loop-control"

struct mount_cycle {
	char *type, *source, *image, *folder, *options;
	char device[64]; /* what is mounted */
	int image_fd, loop_fd;
	unsigned long flags;
	bool use;
	bool mounted;
};

static void mount_destroy(void *state)
{
	struct mount_cycle *m = state;

	free(m->type);
	free(m->source);
	free(m->image);
	free(m->folder);
	free(m->options);
	free(m);
}

/* A copy of the text at @key, or of @other; false when memory is out. */
static bool copy_key(const json_t *options, const char *key, const char *other,
		     char **ret)
{
	const char *text = json_string_value(json_object_get(options, key));

	if (!text)
		text = other;
	*ret = text ? strdup(text) : NULL;
	return !text || *ret;
}

static struct error *check(const struct mount_cycle *m, const char *where)
{
	if (!m->source == !m->image)
		return error_new(ERROR_INPUT,
				 "%s needs either \"source\", a device, or \"image\", a "
				 "file",
				 where);
	if (m->source && strlen(m->source) >= sizeof(m->device))
		return error_new(ERROR_INPUT, "%s/source is too long", where);
	if (m->use && m->flags & MS_RDONLY)
		return error_new(ERROR_INPUT,
				 "%s/use writes a file, read_only forbids it", where);
	return NULL;
}

static struct error *mount_create(const json_t *options, const char *where, void **ret)
{
	struct mount_cycle *m = calloc(1, sizeof(*m));
	struct error *error = NULL;

	if (!m)
		return error_nomem();
	m->image_fd = m->loop_fd = -1;
	m->use = json_is_true(json_object_get(options, "use"));
	m->flags = json_is_true(json_object_get(options, "read_only")) ? MS_RDONLY : 0;
	if (!copy_key(options, "type", NULL, &m->type) ||
	    !copy_key(options, "source", NULL, &m->source) ||
	    !copy_key(options, "image", NULL, &m->image) ||
	    !copy_key(options, "folder", "/run/bookend-mount", &m->folder) ||
	    !copy_key(options, "options", NULL, &m->options))
		error = error_nomem();
	if (!error)
		error = check(m, where);
	if (error) {
		mount_destroy(m);
		return error;
	}
	if (m->source)
		strcpy(m->device, m->source);
	*ret = m;
	return NULL;
}

static struct error *mount_prepare(void *state)
{
	struct mount_cycle *m = state;
	struct error *error = file_make_folder(m->folder, 0755);

	if (error || !m->image)
		return error;
	m->image_fd =
		open(m->image, (m->flags & MS_RDONLY ? O_RDONLY : O_RDWR) | O_CLOEXEC);
	if (m->image_fd < 0)
		return error_errno(errno, "cannot open image %s", m->image);
	if (access(CONTROL, F_OK))
		return error_new(ERROR_MISSING,
				 "there is no " CONTROL " in the target: load the module "
				 "loop first (a plan's \"hold\" can)");
	return NULL;
}

static int try_attach(struct mount_cycle *m)
{
	int control = open(CONTROL, O_RDWR | O_CLOEXEC);
	int number = control < 0 ? -1 : ioctl(control, LOOP_CTL_GET_FREE), rc;

	rc = number < 0 ? -errno : 0;
	if (control >= 0)
		close(control);
	if (rc)
		return rc;
	snprintf(m->device, sizeof(m->device), "/dev/loop%d", number);
	m->loop_fd =
		open(m->device, (m->flags & MS_RDONLY ? O_RDONLY : O_RDWR) | O_CLOEXEC);
	if (m->loop_fd < 0)
		return -errno;
	if (!ioctl(m->loop_fd, LOOP_SET_FD, m->image_fd))
		return 0;
	rc = -errno;
	close(m->loop_fd);
	m->loop_fd = -1;
	return rc;
}

static int attach(struct mount_cycle *m)
{
	int rc = -EBUSY;

	for (int i = 0; i < ATTEMPTS && rc == -EBUSY; i++)
		rc = try_attach(m);
	return rc;
}

static int detach(struct mount_cycle *m)
{
	int rc;

	if (m->loop_fd < 0)
		return 0;
	rc = ioctl(m->loop_fd, LOOP_CLR_FD, 0) ? -errno : 0;
	if (close(m->loop_fd) && !rc)
		rc = -errno;
	m->loop_fd = -1;
	return rc;
}

static int do_mount(struct mount_cycle *m)
{
	if (mount(m->device, m->folder, m->type, m->flags, m->options))
		return -errno;
	m->mounted = true;
	return 0;
}

static int do_unmount(struct mount_cycle *m)
{
	if (!m->mounted)
		return 0;
	if (umount2(m->folder, 0))
		return -errno;
	m->mounted = false;
	return 0;
}

static int write_and_read(int fd)
{
	char out[BYTES], in[BYTES];

	for (size_t i = 0; i < BYTES; i++)
		out[i] = (char)(i * 31);
	if (write(fd, out, BYTES) != BYTES || fsync(fd))
		return errno ? -errno : -EIO;
	if (pread(fd, in, BYTES, 0) != BYTES)
		return errno ? -errno : -EIO;
	return memcmp(in, out, BYTES) ? -EBADMSG : 0;
}

static int use(struct mount_cycle *m)
{
	int folder = open(m->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd, rc;

	if (folder < 0)
		return -errno;
	fd = openat(folder, "bookend-use", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	errno = fd < 0 ? errno : 0;
	rc = fd < 0 ? -errno : write_and_read(fd);
	if (fd >= 0 && close(fd) && !rc)
		rc = -errno;
	if (fd >= 0 && unlinkat(folder, "bookend-use", 0) && !rc)
		rc = -errno;
	close(folder);
	return rc;
}

struct step {
	const char *name;
	int (*run)(struct mount_cycle *m);
};

static const struct step steps[] = {
	{ "attach", attach },	   { "mount", do_mount }, { "use", use },
	{ "unmount", do_unmount }, { "detach", detach },
};

static size_t mount_opening(const void *state)
{
	const struct mount_cycle *m = state;

	return 1 + (m->image != NULL) + m->use;
}

static size_t mount_closing(const void *state)
{
	return 1 + (((const struct mount_cycle *)state)->image != NULL);
}

/* [attach] mount [use] unmount [detach] */
static const struct step *step_at(const struct mount_cycle *m, size_t step)
{
	size_t at = step + (m->image ? 0 : 1);

	return &steps[at >= 2 && !m->use ? at + 1 : at];
}

static const char *mount_step_name(const void *state, size_t step)
{
	return step_at(state, step)->name;
}

static int mount_step(void *state, size_t step)
{
	return step_at(state, step)->run(state);
}

static const char *mount_subject(const void *state)
{
	const struct mount_cycle *m = state;

	return m->image ? m->image : m->source;
}

static const struct plan_key keys[] = {
	{ "type", PLAN_STRING, true, "file system, as \"ext4\"" },
	{ "source", PLAN_STRING, false, "what to mount, as \"/dev/vda\" or \"none\"" },
	{ "image", PLAN_FILE, false,
	  "a file to mount through a loop device; one worker only" },
	{ "folder", PLAN_STRING, false,
	  "where to; made when it is not there; default /run/bookend-mount" },
	{ "options", PLAN_STRING, false, "options of the file system" },
	{ "read_only", PLAN_BOOL, false, "mount for reading" },
	{ "use", PLAN_BOOL, false,
	  "write, read and remove a file while it is mounted (else EBADMSG)" },
	{ NULL },
};

static const struct cycle_kind mount_kind = {
	.name = "mount",
	.summary = "mount and unmount a file system",
	.keys = keys,
	.create = mount_create,
	.destroy = mount_destroy,
	.prepare = mount_prepare,
	.opening = mount_opening,
	.closing = mount_closing,
	.step_name = mount_step_name,
	.step = mount_step,
	.subject = mount_subject,
};
REGISTER(cycle_kind, mount_kind);
