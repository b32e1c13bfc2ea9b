/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lists in /proc: names in them come from the driver under test. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/file.h"
#include "cycler/residue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const lists[] = {
	"modules",     "devices",    "misc",	      "interrupts",
	"filesystems", "ioports",    "net/protocols", "9/stat",
	"net/netlink", "net/packet", "net/tcp",	      "net/ptype",
};

static char root[64] = "/tmp/fuzz-residue-XXXXXX";

static void clean(void)
{
	error_destroy(file_remove_tree(root));
}

static void prepare(void)
{
	char path[128];

	if (!mkdtemp(root) || atexit(clean))
		abort();
	snprintf(path, sizeof(path), "%s/proc/net", root);
	error_destroy(file_make_folder(path, 0700));
	snprintf(path, sizeof(path), "%s/proc/9", root);
	error_destroy(file_make_folder(path, 0700));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct residue_options options = { .root = root };
	_cleanup_(residue_destroy) struct residue_snapshot *before = NULL, *after = NULL;
	_residue_difference_ struct residue_difference d = { 0 };
	static bool prepared;
	char path[128];
	int fd;

	if (!size)
		return 0;
	if (!prepared)
		prepare();
	prepared = true;
	snprintf(path, sizeof(path), "%s/proc/%s", root,
		 lists[data[0] % (sizeof(lists) / sizeof(*lists))]);
	error_destroy(residue_take(&options, &before));
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, data + 1, size - 1) < 0)
		abort();
	close(fd);
	error_destroy(residue_take(&options, &after));
	if (before && after)
		error_destroy(residue_compare(before, after, &d));
	unlink(path);
	return 0;
}
