// SPDX-License-Identifier: GPL-2.0-only
/*
 * The simulated hardware: a queue, a timer that stands for its interrupt, and the work
 * that the interrupt puts off.
 *
 * rd->lock decides between submission and unbinding: once rd->gone is set under it,
 * nothing arms the timer any more, so that stopping timer and work stops them for good.
 */

#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "refdrv.h"

static void refdrv_op_copy(struct refdrv_command *cmd)
{
}

static void refdrv_op_invert(struct refdrv_command *cmd)
{
	unsigned int i;

	for (i = 0; i < cmd->length; i++)
		cmd->data[i] = ~cmd->data[i];
}

static void refdrv_op_sum(struct refdrv_command *cmd)
{
	__le32 result;
	unsigned int i;
	u32 sum = 0;

	for (i = 0; i < cmd->length; i++)
		sum += cmd->data[i];
	result = cpu_to_le32(sum);
	memcpy(cmd->data, &result, sizeof(result));
	cmd->length = sizeof(result);
}

static void (*const refdrv_ops[])(struct refdrv_command *cmd) = {
	[REFDRV_OP_COPY] = refdrv_op_copy,
	[REFDRV_OP_INVERT] = refdrv_op_invert,
	[REFDRV_OP_SUM] = refdrv_op_sum,
};

/* The page has one writer, the work, so its readers need no lock. */
static void refdrv_count(struct refdrv_device *rd, const struct refdrv_command *cmd)
{
	struct refdrv_counters *counters = page_address(rd->page);

	WRITE_ONCE(counters->commands, counters->commands + 1);
	WRITE_ONCE(counters->bytes, counters->bytes + cmd->length);
}

static void refdrv_work(struct work_struct *work)
{
	struct refdrv_device *rd = container_of(work, struct refdrv_device, work);
	struct refdrv_command *cmd;
	LIST_HEAD(batch);

	spin_lock_bh(&rd->lock);
	list_splice_init(&rd->queue, &batch);
	spin_unlock_bh(&rd->lock);

	while ((cmd = list_first_entry_or_null(&batch, struct refdrv_command, link))) {
		list_del(&cmd->link);
		refdrv_count(rd, cmd);
		refdrv_ops[cmd->op](cmd);
		refdrv_ctx_complete(cmd->ctx, cmd);
	}
	wake_up_all(&rd->wait);
}

static void refdrv_timer(struct timer_list *timer)
{
	struct refdrv_device *rd = container_of(timer, struct refdrv_device, timer);

	queue_work(rd->wq, &rd->work);
}

static void refdrv_queue_start(struct refdrv_device *rd)
{
	lockdep_assert_held(&rd->lock);
	if (rd->suspended || list_empty(&rd->queue) || timer_pending(&rd->timer))
		return;
	mod_timer(&rd->timer, jiffies + msecs_to_jiffies(READ_ONCE(rd->latency_ms)));
}

/* On success the queue owns the command. */
int refdrv_queue_submit(struct refdrv_device *rd, struct refdrv_command *cmd)
{
	int err = 0;

	spin_lock_bh(&rd->lock);
	if (rd->gone) {
		err = -ENODEV;
	} else {
		kref_get(&cmd->ctx->ref);
		list_add_tail(&cmd->link, &rd->queue);
		refdrv_queue_start(rd);
	}
	spin_unlock_bh(&rd->lock);
	return err;
}

void refdrv_queue_hang_up(struct refdrv_device *rd)
{
	spin_lock_bh(&rd->lock);
	rd->gone = true;
	spin_unlock_bh(&rd->lock);
	wake_up_all(&rd->wait);
}

void refdrv_queue_pause(struct refdrv_device *rd)
{
	spin_lock_bh(&rd->lock);
	rd->suspended = true;
	spin_unlock_bh(&rd->lock);
	timer_delete_sync(&rd->timer);
	flush_work(&rd->work);
}

void refdrv_queue_resume(struct refdrv_device *rd)
{
	spin_lock_bh(&rd->lock);
	rd->suspended = false;
	refdrv_queue_start(rd);
	spin_unlock_bh(&rd->lock);
}

/* What is still queued is finished here, so that every command goes one way only. */
static void refdrv_queue_stop(void *data)
{
	struct refdrv_device *rd = data;

	refdrv_queue_hang_up(rd);
	timer_shutdown_sync(&rd->timer);
	queue_work(rd->wq, &rd->work);
	destroy_workqueue(rd->wq);
}

/* Undone by devm, after remove() or a failed probe(). */
int refdrv_queue_init(struct refdrv_device *rd, struct device *parent)
{
	rd->wq = alloc_workqueue(REFDRV_NAME "%u", WQ_UNBOUND, 1, rd->instance);
	if (!rd->wq)
		return -ENOMEM;
	INIT_WORK(&rd->work, refdrv_work);
	timer_setup(&rd->timer, refdrv_timer, 0);
	return devm_add_action_or_reset(parent, refdrv_queue_stop, rd);
}
