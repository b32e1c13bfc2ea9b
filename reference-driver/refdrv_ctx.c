// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state of one open file: what it has asked for and not yet read back.
 *
 * Its lock is never held with another, and never over anything that sleeps.
 */

#include <linux/slab.h>

#include "refdrv.h"

struct refdrv_ctx *refdrv_ctx_create(struct refdrv_device *rd)
{
	struct refdrv_ctx *ctx;

	ctx = kzalloc(sizeof(*ctx), GFP_KERNEL);
	if (!ctx)
		return NULL;
	kref_init(&ctx->ref);
	spin_lock_init(&ctx->lock);
	INIT_LIST_HEAD(&ctx->done);
	ctx->rd = rd;
	get_device(&rd->dev);
	return ctx;
}

static void refdrv_ctx_release(struct kref *ref)
{
	struct refdrv_ctx *ctx = container_of(ref, struct refdrv_ctx, ref);
	struct refdrv_device *rd = ctx->rd;

	refdrv_ctx_discard(ctx);
	kfree(ctx);
	put_device(&rd->dev);
}

void refdrv_ctx_put(struct refdrv_ctx *ctx)
{
	kref_put(&ctx->ref, refdrv_ctx_release);
}

/* Room for one more command, or false. Each is given back by taking its result. */
bool refdrv_ctx_reserve(struct refdrv_ctx *ctx)
{
	bool room;

	spin_lock(&ctx->lock);
	room = ctx->outstanding < REFDRV_MAX_OUTSTANDING;
	if (room)
		ctx->outstanding++;
	spin_unlock(&ctx->lock);
	return room;
}

void refdrv_ctx_cancel(struct refdrv_ctx *ctx)
{
	spin_lock(&ctx->lock);
	ctx->outstanding--;
	spin_unlock(&ctx->lock);
}

/* Consumes the command, and the reference that it held on its context. */
void refdrv_ctx_complete(struct refdrv_ctx *ctx, struct refdrv_command *cmd)
{
	spin_lock(&ctx->lock);
	list_add_tail(&cmd->link, &ctx->done);
	spin_unlock(&ctx->lock);
	refdrv_ctx_put(ctx);
}

/* The oldest result, to be destroyed by the caller; NULL if there is none. */
struct refdrv_command *refdrv_ctx_take(struct refdrv_ctx *ctx)
{
	struct refdrv_command *cmd;

	spin_lock(&ctx->lock);
	cmd = list_first_entry_or_null(&ctx->done, struct refdrv_command, link);
	if (cmd) {
		list_del(&cmd->link);
		WARN_ON_ONCE(!ctx->outstanding);
		ctx->outstanding--;
	}
	spin_unlock(&ctx->lock);
	return cmd;
}

void refdrv_ctx_discard(struct refdrv_ctx *ctx)
{
	struct refdrv_command *cmd;

	while ((cmd = refdrv_ctx_take(ctx)))
		refdrv_command_destroy(ctx->rd, cmd);
}

unsigned int refdrv_ctx_outstanding(struct refdrv_ctx *ctx)
{
	return READ_ONCE(ctx->outstanding);
}

bool refdrv_ctx_readable(struct refdrv_ctx *ctx)
{
	return !list_empty_careful(&ctx->done);
}

/* A read has nothing to wait for. */
bool refdrv_ctx_settled(struct refdrv_ctx *ctx)
{
	return refdrv_ctx_readable(ctx) || !refdrv_ctx_outstanding(ctx);
}

bool refdrv_ctx_writable(struct refdrv_ctx *ctx)
{
	return refdrv_ctx_outstanding(ctx) < REFDRV_MAX_OUTSTANDING;
}
