/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One write to a file that the kernel listens to, as sysfs attributes are. */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* The whole text at once; 0 or a negative errno. */
static inline int text_file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), rc = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text));
	if (n < 0)
		rc = -errno;
	else if ((size_t)n != strlen(text))
		rc = -EIO;
	if (close(fd) && !rc)
		rc = -errno;
	return rc;
}

/* At most @size - 1 bytes, terminated, without the last newline. */
static inline int text_file_read(const char *path, char *ret, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), code;
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, ret, size - 1);
	code = errno;
	close(fd);
	if (n < 0)
		return -code;
	ret[n] = 0;
	if (n && ret[n - 1] == '\n')
		ret[n - 1] = 0;
	return 0;
}
