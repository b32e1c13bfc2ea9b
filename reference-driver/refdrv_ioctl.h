/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The interface between refdrv and its users.
 *
 * Structures have one layout for 32-bit and 64-bit programs: fixed-width members, each
 * at a multiple of its size, addresses carried as __u64, padding named. A member called
 * reserved must be zero on the way in and is zero on the way out.
 *
 * A command is submitted by write() (operation REFDRV_OP_COPY) or REFDRV_IOC_SUBMIT and
 * carried out later. Each read() takes one result, in the order of completion. It waits
 * while commands are outstanding, and returns 0 if there is nothing to wait for.
 */
#ifndef REFDRV_IOCTL_H
#define REFDRV_IOCTL_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define REFDRV_MAX_DATA	       256 /* bytes of one command */
#define REFDRV_MAX_OUTSTANDING 64  /* commands of one open file not yet read back */

enum refdrv_op {
	REFDRV_OP_COPY = 0,   /* the data unchanged */
	REFDRV_OP_INVERT = 1, /* each bit inverted */
	REFDRV_OP_SUM = 2,    /* 4 bytes, little endian: the sum of all bytes */
};

struct refdrv_status {
	__u32 instance;
	__u32 outstanding; /* of this open file */
	__u64 commands;	   /* carried out since the device was bound */
	__u64 bytes;	   /* worked on since the device was bound */
	__u32 latency_ms;
	__u32 reserved;
};

struct refdrv_submit {
	__u64 data;   /* address of the data */
	__u32 length; /* 1 to REFDRV_MAX_DATA */
	__u32 op;     /* enum refdrv_op */
};

/* What mmap() shows, read-only: one page that begins with this. */
struct refdrv_counters {
	__u64 commands;
	__u64 bytes;
};

#define REFDRV_IOC_STATUS  _IOR('R', 0xd0, struct refdrv_status)
#define REFDRV_IOC_SUBMIT  _IOW('R', 0xd1, struct refdrv_submit)
#define REFDRV_IOC_DISCARD _IO('R', 0xd2) /* forget the results not yet read */

#endif
