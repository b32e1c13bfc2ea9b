/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cleanup attributes: an owned local is initialised where it is declared and given back
 * when it leaves scope. To hand it on, return take(p) (or take_fd), which clears it.
 *
 *	_free_ char *name = NULL;
 *	_cleanup_(bundle_destroy) struct bundle *b = NULL;   (after CLEANUP_DEFINE)
 */
#pragma once

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/error.h"

/* Defines the helper that _cleanup_(function) needs for a `type *`. */
#define CLEANUP_DEFINE(type, function)                  \
	static inline void cleanup_##function(type **p) \
	{                                               \
		function(*p);                           \
	}

#define _cleanup_(function) __attribute__((cleanup(cleanup_##function)))

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_fclose(FILE **file)
{
	if (*file)
		fclose(*file);
}

static inline void cleanup_closedir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

CLEANUP_DEFINE(struct error, error_destroy)

#define _free_	   _cleanup_(free)
#define _close_	   _cleanup_(close)
#define _fclose_   _cleanup_(fclose)
#define _closedir_ _cleanup_(closedir)
#define _error_	   _cleanup_(error_destroy)

#define take(p)                             \
	({                                  \
		__typeof__(p) taken_ = (p); \
		(p) = NULL;                 \
		taken_;                     \
	})

static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}
