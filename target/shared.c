/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/shared.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/file.h"
#include "target/channel.h"

void shared_unmap(void **memory, size_t size)
{
	if (*memory)
		munmap(*memory, size);
	*memory = NULL;
}

/* So that the file is there, too; a file system that cannot do it is left alone. */
static void commit_folder(const char *path)
{
	_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		fsync(fd);
}

struct error *shared_create(const char *folder, void **memory, size_t *size)
{
	_free_ char *path = NULL;
	_close_ int fd = -1;
	struct error *error = file_join(folder, "shared.bin", &path);
	void *mapped;
	int code;

	if (error)
		return error;
	*size = CHANNEL_AREA_OFFSET + CHANNEL_AREA_SIZE;
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return error_errno(errno, "cannot make %s", path);
	code = posix_fallocate(fd, 0, (off_t)*size);
	if (code) {
		unlink(path);
		return error_errno(code, "cannot make %s of %zu MiB", path, *size >> 20);
	}
	mapped = mmap(NULL, *size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (mapped == MAP_FAILED)
		return error_errno(errno, "cannot map %s", path);
	*memory = mapped;
	channel_format(mapped);
	/* without its head, what a power cut leaves of the records would be no journal */
	if (msync(mapped, CHANNEL_AREA_OFFSET, MS_SYNC) || fsync(fd))
		return error_errno(errno, "cannot write %s", path);
	commit_folder(folder);
	return NULL;
}
