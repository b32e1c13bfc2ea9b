/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside a VM with bookend_failalloc loaded: makes each allocation of loading a module
 * fail.	failalloc_probe FILE NAME
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "cycler/failalloc.h"

struct subject {
	int fd;
	const char *name;
};

static int load(void *context)
{
	struct subject *s = context;

	return syscall(SYS_finit_module, s->fd, "", 0) ? -errno : 0;
}

static int unload(void *context)
{
	struct subject *s = context;

	return syscall(SYS_delete_module, s->name, O_NONBLOCK) ? -errno : 0;
}

static struct error *tell(void *context, const struct failalloc_site *site)
{
	struct subject *s = context;

	printf("site %llu: %s, %s, %llu bytes of %s, then %s, in %s\n",
	       (unsigned long long)site->nth, failalloc_outcome_name(site->outcome),
	       strerror(-site->result), (unsigned long long)site->where.size,
	       site->where.kind == FAILALLOC_SLAB ? "slab" : "pages",
	       strerror(-site->afterwards),
	       failalloc_driver_frame(&site->where, s->name));
	if (site->nth == 1)
		for (uint32_t i = 0; i < site->where.frames; i++)
			printf("  %s\n", site->where.text[i]);
	return NULL;
}

static struct error *run(const char *file, const char *name)
{
	struct subject subject = { open(file, O_RDONLY | O_CLOEXEC), name };
	const struct failalloc_step step = { &subject, load, unload, tell };
	struct failalloc_sweep sweep;
	struct failalloc f;
	struct error *error = failalloc_open(&f);

	if (error)
		return error;
	printf("hooks:%s%s\n", f.kinds & FAILALLOC_SLAB ? " slab" : "",
	       f.kinds & FAILALLOC_PAGE ? " page" : "");
	error = failalloc_sweep(&f, name, 0, &step, 1, 0, &sweep);
	failalloc_close(&f);
	if (!error)
		printf("%llu counted, %llu tried, %llu missed, %s\n",
		       (unsigned long long)sweep.counted, (unsigned long long)sweep.tried,
		       (unsigned long long)sweep.missed,
		       sweep.unsteady ? "unsteady" : "steady");
	return error;
}

int main(int argc, char **argv)
{
	_error_ struct error *error =
		argc == 3 ? run(argv[1], argv[2])
			  : error_new(ERROR_USAGE, "usage: failalloc_probe FILE NAME");

	if (error)
		printf("error: %s\n", error_message(error));
	return error ? 1 : 0;
}
