/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbolizer/debuglink.h"

#include <elfutils/libdwelf.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/error.h"

/* The name alone; NULL when there is none that stays in its folder. */
static char *read_name(int fd)
{
	GElf_Word crc;
	const char *name;
	char *copy = NULL;
	Elf *elf;

	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (!elf)
		return NULL;
	name = elf_kind(elf) == ELF_K_ELF ? dwelf_elf_gnu_debuglink(elf, &crc) : NULL;
	if (name && *name && !strchr(name, '/') && strcmp(name, ".."))
		copy = strdup(name);
	elf_end(elf);
	return copy;
}

struct error *debuglink_places(const char *path, char *ret[DEBUGLINK_PLACES])
{
	static const char *const around[DEBUGLINK_PLACES][2] = {
		{ "", "" }, { "", "/.debug" }, { "/usr/lib/debug", "" }
	};
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	_free_ char *name = NULL, *folder = NULL;
	char *places[DEBUGLINK_PLACES] = { 0 };

	for (int i = 0; i < DEBUGLINK_PLACES; i++)
		ret[i] = NULL;
	if (fd < 0)
		return error_errno(errno, "cannot open %s", path);
	name = read_name(fd);
	folder = name ? realpath(path, NULL) : NULL;
	if (!folder)
		return NULL;
	*strrchr(folder, '/') = 0;
	for (int i = 0; i < DEBUGLINK_PLACES; i++)
		if (asprintf(&places[i], "%s%s%s/%s", around[i][0], folder, around[i][1],
			     name) < 0) {
			while (i--)
				free(places[i]);
			return error_nomem();
		}
	memcpy(ret, places, sizeof(places));
	return NULL;
}
