/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbolizer/packed.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/file.h"

bool packed_recognise(const uint8_t *head, size_t size)
{
	static const struct {
		const char *magic;
		size_t size;
	} kinds[] = {
		{ "\xfd"
		  "7zXZ",
		  6 },
		{ "\x28\xb5\x2f\xfd", 4 },
		{ "\x1f\x8b", 2 },
	};

	for (size_t i = 0; size >= 6 && i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!memcmp(head, kinds[i].magic, kinds[i].size))
			return true;
	return false;
}

static struct error *broken(const char *path, const char *why)
{
	return error_new(ERROR_INPUT, "cannot unpack %s: %s", path, why);
}

static struct error *unpack(struct archive *archive, const char *path, size_t limit,
			    int out)
{
	struct archive_entry *entry;
	size_t total = 0;

	archive_read_support_filter_all(archive);
	archive_read_support_format_raw(archive);
	if (archive_read_open_filename(archive, path, 1 << 16) != ARCHIVE_OK ||
	    archive_read_next_header(archive, &entry) != ARCHIVE_OK)
		return broken(path, archive_error_string(archive));
	for (;;) {
		const void *block;
		size_t size;
		la_int64_t offset;
		int status = archive_read_data_block(archive, &block, &size, &offset);

		if (status == ARCHIVE_EOF)
			return NULL;
		if (status != ARCHIVE_OK)
			return broken(path, archive_error_string(archive));
		total += size;
		if (total > limit)
			return error_new(ERROR_INPUT,
					 "cannot unpack %s: it is larger than %zu MiB",
					 path, limit >> 20);
		if (write(out, block, size) != (ssize_t)size)
			return broken(path, "no memory to unpack it to");
	}
}

struct error *packed_open(const char *path, size_t limit, int *ret)
{
	_close_ int out = memfd_create("unpacked", MFD_CLOEXEC);
	struct archive *archive = archive_read_new();
	struct error *error;

	if (out < 0 || !archive) {
		archive_read_free(archive);
		return error_nomem();
	}
	error = unpack(archive, path, limit, out);
	archive_read_free(archive);
	if (!error)
		*ret = take_fd(&out);
	return error;
}

struct error *packed_read_text(const char *path, size_t limit, char **ret)
{
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	_close_ int unpacked = -1;
	_free_ char *text = NULL;
	uint8_t head[8];
	struct error *error;
	off_t size;

	if (fd < 0 || pread(fd, head, sizeof(head), 0) != sizeof(head) ||
	    !packed_recognise(head, sizeof(head)))
		return file_read_text(path, limit, ret);
	error = packed_open(path, limit, &unpacked);
	if (error)
		return error;
	size = lseek(unpacked, 0, SEEK_END);
	text = size < 0 ? NULL : malloc((size_t)size + 1);
	if (!text)
		return error_nomem();
	if (pread(unpacked, text, (size_t)size, 0) != size)
		return broken(path, "it cannot be read back");
	text[size] = 0;
	*ret = take(text);
	return NULL;
}
