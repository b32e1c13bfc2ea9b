// SPDX-License-Identifier: GPL-2.0-only
/*
 * What users call: open, close, read, write, ioctl, poll and mmap of /dev/refdrvN.
 *
 * Any of these may run while the device is being unbound, and until the file is closed
 * ever after. They touch nothing of the device but what lives as long as the file
 * does, and learn from refdrv_queue_submit() or refdrv_device_gone() that it is gone.
 */

#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "refdrv.h"
#include "refdrv_compat.h"

static int refdrv_open(struct inode *inode, struct file *file)
{
	struct refdrv_device *rd =
		container_of(inode->i_cdev, struct refdrv_device, cdev);
	struct refdrv_ctx *ctx;

	if (refdrv_device_gone(rd))
		return -ENODEV;
	ctx = refdrv_ctx_create(rd);
	if (!ctx)
		return -ENOMEM;
	file->private_data = ctx;
	refdrv_dbg(rd, "opened by %s", current->comm);
	return stream_open(inode, file);
}

static int refdrv_release(struct inode *inode, struct file *file)
{
	struct refdrv_ctx *ctx = file->private_data;

	refdrv_dbg(ctx->rd, "closed, %u outstanding", refdrv_ctx_outstanding(ctx));
	refdrv_ctx_put(ctx);
	return 0;
}

/* Until @ready, with the caller's patience. */
#define refdrv_wait(file, rd, ready)                    \
	((file)->f_flags & O_NONBLOCK                   \
		 ? -EAGAIN                              \
		 : wait_event_interruptible((rd)->wait, \
					    (ready) || refdrv_device_gone(rd)))

static ssize_t refdrv_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	struct refdrv_ctx *ctx = file->private_data;
	struct refdrv_device *rd = ctx->rd;
	struct refdrv_command *cmd;
	ssize_t ret;

	while (!(cmd = refdrv_ctx_take(ctx))) {
		if (refdrv_device_gone(rd))
			return -ENODEV;
		if (!refdrv_ctx_outstanding(ctx))
			return 0;
		ret = refdrv_wait(file, rd, refdrv_ctx_settled(ctx));
		if (ret)
			return ret;
	}
	wake_up_all(&rd->wait);
	ret = min_t(size_t, len, cmd->length);
	if (copy_to_user(buf, cmd->data, ret))
		ret = -EFAULT;
	refdrv_command_destroy(rd, cmd);
	return ret;
}

/* Takes a command all the way from user space into the queue, or leaves no trace. */
static int refdrv_submit(struct file *file, u32 op, const void __user *data, size_t len)
{
	struct refdrv_ctx *ctx = file->private_data;
	struct refdrv_device *rd = ctx->rd;
	struct refdrv_command *cmd;
	int err;

	while (!refdrv_ctx_reserve(ctx)) {
		if (refdrv_device_gone(rd))
			return -ENODEV;
		err = refdrv_wait(file, rd, refdrv_ctx_writable(ctx));
		if (err)
			return err;
	}
	cmd = refdrv_command_create(ctx, op, len);
	if (copy_from_user(cmd->data, data, len)) {
		err = -EFAULT;
		goto destroy_command;
	}
	err = refdrv_queue_submit(rd, cmd);
	if (err)
		goto destroy_command;
	return 0;

destroy_command:
	refdrv_command_destroy(rd, cmd);
	refdrv_ctx_cancel(ctx);
	return err;
}

static ssize_t refdrv_write(struct file *file, const char __user *buf, size_t len,
			    loff_t *pos)
{
	int err;

	if (!len)
		return 0;
	if (len > REFDRV_MAX_DATA)
		return -EMSGSIZE;
	err = refdrv_submit(file, REFDRV_OP_COPY, buf, len);
	return err ? err : len;
}

static long refdrv_ioctl_status(struct file *file, void __user *arg)
{
	struct refdrv_ctx *ctx = file->private_data;
	struct refdrv_device *rd = ctx->rd;
	const struct refdrv_counters *counters = page_address(rd->page);
	struct refdrv_status status = {
		.instance = rd->instance,
		.outstanding = refdrv_ctx_outstanding(ctx),
		.commands = READ_ONCE(counters->commands),
		.bytes = READ_ONCE(counters->bytes),
		.latency_ms = READ_ONCE(rd->latency_ms),
	};

	return copy_to_user(arg, &status, sizeof(status)) ? -EFAULT : 0;
}

static long refdrv_ioctl_submit(struct file *file, void __user *arg)
{
	struct refdrv_submit submit;

	if (copy_from_user(&submit, arg, sizeof(submit)))
		return -EFAULT;
	if (submit.op > REFDRV_OP_SUM)
		return -EINVAL;
	if (!submit.length || submit.length > REFDRV_MAX_DATA)
		return -EMSGSIZE;
	return refdrv_submit(file, submit.op, u64_to_user_ptr(submit.data),
			     submit.length);
}

static long refdrv_ioctl_discard(struct file *file, void __user *arg)
{
	struct refdrv_ctx *ctx = file->private_data;

	refdrv_ctx_discard(ctx);
	wake_up_all(&ctx->rd->wait);
	return 0;
}

static long refdrv_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct refdrv_ctx *ctx = file->private_data;

	if (refdrv_device_gone(ctx->rd))
		return -ENODEV;
	switch (cmd) {
	case REFDRV_IOC_STATUS:
		return refdrv_ioctl_status(file, (void __user *)arg);
	case REFDRV_IOC_SUBMIT:
		return refdrv_ioctl_submit(file, (void __user *)arg);
	case REFDRV_IOC_DISCARD:
		return refdrv_ioctl_discard(file, (void __user *)arg);
	default:
		return -ENOTTY;
	}
}

static __poll_t refdrv_poll(struct file *file, poll_table *table)
{
	struct refdrv_ctx *ctx = file->private_data;
	__poll_t events = 0;

	poll_wait(file, &ctx->rd->wait, table);
	if (refdrv_device_gone(ctx->rd))
		return EPOLLERR | EPOLLHUP;
	if (refdrv_ctx_readable(ctx))
		events |= EPOLLIN | EPOLLRDNORM;
	if (refdrv_ctx_writable(ctx))
		events |= EPOLLOUT | EPOLLWRNORM;
	return events;
}

/*
 * The counters, to look at. The mapping holds a reference on the page, so it stays good
 * when the device has gone; VM_MAYWRITE is taken away lest mprotect() make it writable.
 */
static int refdrv_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct refdrv_ctx *ctx = file->private_data;

	if (refdrv_device_gone(ctx->rd))
		return -ENODEV;
	if (vma->vm_pgoff || vma_pages(vma) != 1)
		return -EINVAL;
	if (vma->vm_flags & VM_WRITE)
		return -EPERM;
	vm_flags_clear(vma, VM_MAYWRITE);
	return vm_insert_page(vma, vma->vm_start, ctx->rd->page);
}

const struct file_operations refdrv_fops = {
	.owner = THIS_MODULE,
	.open = refdrv_open,
	.release = refdrv_release,
	.read = refdrv_read,
	.write = refdrv_write,
	.unlocked_ioctl = refdrv_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.poll = refdrv_poll,
	.mmap = refdrv_mmap,
};
