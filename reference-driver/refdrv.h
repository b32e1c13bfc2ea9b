/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of refdrv know of each other.
 *
 * Three objects, each outliving the one below:
 *
 *	struct refdrv_device	from probe until unbound *and* the last file is closed
 *	struct refdrv_ctx	from open until closed *and* its last command is done
 *	struct refdrv_command	from submission until read back
 */
#ifndef REFDRV_H
#define REFDRV_H

#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mempool.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "refdrv_ioctl.h"

#define REFDRV_NAME	     "refdrv"
#define REFDRV_MAX_INSTANCES 16

/* Commands that an instance can always have, however short memory is. */
#define REFDRV_POOL_SIZE 8

#define REFDRV_MAX_LATENCY_MS 1000

/*
 * Talk of debug builds. In a release it leaves neither code nor text, but its arguments
 * are checked all the same.
 */
#ifdef REFDRV_DEBUG
#define refdrv_dbg(rd, fmt, ...) dev_info(&(rd)->dev, fmt "\n", ##__VA_ARGS__)
#else
#define refdrv_dbg(rd, fmt, ...)                                       \
	({                                                             \
		if (0)                                                 \
			dev_info(&(rd)->dev, fmt "\n", ##__VA_ARGS__); \
	})
#endif

struct refdrv_device {
	struct device dev; /* owns this structure; its parent is the platform device */
	struct cdev cdev;
	mempool_t *pool;
	struct page *page; /* struct refdrv_counters; shown to users by mmap */
	unsigned int instance;
	unsigned int latency_ms;
	wait_queue_head_t wait; /* readers, writers and pollers of all open files */

	spinlock_t lock;	/* the following; taken in softirq too */
	struct list_head queue; /* of struct refdrv_command, not yet carried out */
	bool gone;		/* unbound: whoever still has a file gets ENODEV */
	bool suspended;

	/* Valid until the device is unbound. */
	struct timer_list timer; /* the hardware's interrupt, simulated */
	struct work_struct work;
	struct workqueue_struct *wq;
};

struct refdrv_ctx {
	struct kref ref; /* one for the open file, one for each queued command */
	struct refdrv_device *rd;

	spinlock_t lock;       /* the following */
	struct list_head done; /* of struct refdrv_command, to be read */
	unsigned int outstanding;
};

struct refdrv_command {
	struct list_head link; /* in rd->queue, then in ctx->done */
	struct refdrv_ctx *ctx;
	enum refdrv_op op;
	unsigned int length;
	u8 data[REFDRV_MAX_DATA];
};

/* refdrv_device.c: the object behind /dev/refdrvN */
struct refdrv_device *refdrv_device_create(struct device *parent, struct class *class,
					   dev_t devt, struct kmem_cache *cache);
void refdrv_device_put(void *rd);
bool refdrv_device_gone(struct refdrv_device *rd);

/* refdrv_file.c: what users call */
extern const struct file_operations refdrv_fops;

/* refdrv_ctx.c: the state of one open file */
struct refdrv_ctx *refdrv_ctx_create(struct refdrv_device *rd);
void refdrv_ctx_put(struct refdrv_ctx *ctx);
bool refdrv_ctx_reserve(struct refdrv_ctx *ctx);
void refdrv_ctx_cancel(struct refdrv_ctx *ctx);
void refdrv_ctx_complete(struct refdrv_ctx *ctx, struct refdrv_command *cmd);
struct refdrv_command *refdrv_ctx_take(struct refdrv_ctx *ctx);
void refdrv_ctx_discard(struct refdrv_ctx *ctx);
unsigned int refdrv_ctx_outstanding(struct refdrv_ctx *ctx);
bool refdrv_ctx_readable(struct refdrv_ctx *ctx);
bool refdrv_ctx_settled(struct refdrv_ctx *ctx);
bool refdrv_ctx_writable(struct refdrv_ctx *ctx);

/* refdrv_queue.c: the simulated hardware, its queue and its work */
int refdrv_queue_init(struct refdrv_device *rd, struct device *parent);
int refdrv_queue_submit(struct refdrv_device *rd, struct refdrv_command *cmd);
void refdrv_queue_hang_up(struct refdrv_device *rd);
void refdrv_queue_pause(struct refdrv_device *rd);
void refdrv_queue_resume(struct refdrv_device *rd);

/* refdrv_pool.c: memory for commands */
struct kmem_cache *refdrv_pool_cache_create(void);
struct refdrv_command *refdrv_command_create(struct refdrv_ctx *ctx, u32 op,
					     size_t length);
void refdrv_command_destroy(struct refdrv_device *rd, struct refdrv_command *cmd);

/* refdrv_sysfs.c, refdrv_pm.c */
extern const struct attribute_group *refdrv_groups[];
extern const struct dev_pm_ops refdrv_pm_ops;

#endif
