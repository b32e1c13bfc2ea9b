/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interface of /dev/bookend-failalloc, version 2: what the module and its user share.
 *
 *	fd = open("/dev/bookend-failalloc");
 *	ioctl(fd, FAILALLOC_ABOUT, &about);		which hooks this kernel has
 *	begin = { VERSION, kinds, nth, …, "refdrv" };
 *	ioctl(fd, FAILALLOC_BEGIN, &begin);		the window opens
 *	finit_module(…);				the step
 *	ioctl(fd, FAILALLOC_END, &result);		it closes: what happened
 *
 * In a window the allocations of one task are counted: of the one that opened it and,
 * with FAILALLOC_CHILDREN, of its threads and processes it started (up to eight
 * generations, while their parents live). Work that the driver hands to a work queue, a
 * thread of the kernel or an interrupt is not theirs and never fails. With a module's
 * name only allocations with that module's code (init code too) on the stack count.
 * Allocations that must not fail (__GFP_NOFAIL) are neither counted nor failed, and
 * pages that the slab allocator fetches for itself are not counted a second time.
 *
 * nth 0 counts only; nth n makes the n-th counted allocation fail, that one alone.
 * Since a step's allocations come in the same order every time, n from 1 to the count
 * fails each of them once.
 *
 * One window at a time in a kernel: another BEGIN is EBUSY. Closing the descriptor ends
 * the window. All numbers are little endian as the machine is, no padding is implied.
 */
#ifndef BOOKEND_FAILALLOC_H
#define BOOKEND_FAILALLOC_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define FAILALLOC_VERSION 2
#define FAILALLOC_STACK	  24
#define FAILALLOC_NAME	  64
#define FAILALLOC_TEXT	  96

/* kinds of hooks */
#define FAILALLOC_SLAB 1u /* kmalloc and caches: should_failslab */
#define FAILALLOC_PAGE 2u /* pages: should_fail_alloc_page */

/* regions of a module's text */
#define FAILALLOC_CORE 1u
#define FAILALLOC_INIT 2u

/* flags */
#define FAILALLOC_CHILDREN 1u

struct failalloc_about {
	__u32 version;
	__u32 kinds;	 /* hooks that were tried and do make allocations fail */
	__s32 errors[2]; /* slab, page: why not: negative errno, 0 where it works */
};

struct failalloc_begin {
	__u32 version;
	__u32 kinds; /* to count and fail; 0: all there are */
	__u64 nth;   /* 0: count only */
	__u32 flags;
	__u32 reserved;
	/*
	 * Text of the module when it is loaded already (from /proc/modules), else 0. A
	 * module that is loaded within the window is known by its name alone.
	 */
	__u64 base, size;
	char module[FAILALLOC_NAME]; /* "": whatever the task allocates */
};

struct failalloc_result {
	__u32 version;
	__u32 kind;    /* of the one that failed; 0: none did */
	__u64 counted; /* allocations that counted */
	__u64 missed;  /* calls the hooks could not follow: then the count is too low */
	__u64 size;    /* bytes asked for by the one that failed */
	__u32 gfp;     /* its flags, as a number of this kernel */
	__u32 frames;
	/* Its innermost frame in the module: how far behind the start of that text. */
	__u64 offset;
	__u32 region; /* FAILALLOC_CORE, FAILALLOC_INIT; 0: none of its frames is */
	__u32 reserved;
	__u64 stack[FAILALLOC_STACK]; /* innermost first; return addresses */
	/* The same by name, resolved at that moment: "init+0x12/0x80 [refdrv]". */
	char text[FAILALLOC_STACK][FAILALLOC_TEXT];
};

#define FAILALLOC_ABOUT _IOR('b', 0xf0, struct failalloc_about)
#define FAILALLOC_BEGIN _IOW('b', 0xf1, struct failalloc_begin)
#define FAILALLOC_END	_IOR('b', 0xf2, struct failalloc_result)

#endif
