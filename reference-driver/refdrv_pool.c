// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory for commands.
 *
 * The pool holds what an instance needs on an average day. A burst is served by the slab
 * and given back to it, so that the peak does not stay wired; and when memory is short a
 * submission waits for a command to come back instead of failing.
 */

#include <linux/slab.h>

#include "refdrv.h"

/* Only the data may be copied to or from user space, whatever a length says. */
struct kmem_cache *refdrv_pool_cache_create(void)
{
	return KMEM_CACHE_USERCOPY(refdrv_command, 0, data);
}

/* Cannot fail, but may sleep. The data is the caller's to fill. */
struct refdrv_command *refdrv_command_create(struct refdrv_ctx *ctx, u32 op,
					     size_t length)
{
	struct refdrv_command *cmd = mempool_alloc(ctx->rd->pool, GFP_KERNEL);

	cmd->ctx = ctx;
	cmd->op = op;
	cmd->length = length;
	return cmd;
}

void refdrv_command_destroy(struct refdrv_device *rd, struct refdrv_command *cmd)
{
	mempool_free(cmd, rd->pool);
}
