/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ELF with DWARF, and Mach-O: opened, indexed, looked up. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/error.h"
#include "symbolizer/debugfile.h"
#include "symbolizer/index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void open_it(const char *path)
{
	_cleanup_(debugfile_close) struct debugfile *file = NULL;
	_cleanup_(index_close) struct index *index = NULL;
	_error_ struct error *error = debugfile_open(path, NULL, &file);
	struct index_hit hit;
	uint8_t *bytes;
	size_t size;

	if (!error)
		error = debugfile_make_index(file, &bytes, &size);
	if (!error)
		error = index_wrap(bytes, size, &index);
	for (uint64_t a = 0; !error && a < 4096; a += 64)
		index_lookup(index, index_head(index)->base + a, &hit);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	char path[64];

	if (fd < 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (write(fd, data, size) == (ssize_t)size)
		open_it(path);
	close(fd);
	return 0;
}
