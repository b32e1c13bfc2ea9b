// SPDX-License-Identifier: GPL-2.0-only
/*
 * The object behind /dev/refdrvN.
 *
 * It is not allocated by devm_: a file may still be open when the device is unbound, so
 * it must live until the last reference is dropped. The character device holds one
 * for every open file.
 */

#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "refdrv.h"

static void refdrv_device_release(struct device *dev)
{
	struct refdrv_device *rd = container_of(dev, struct refdrv_device, dev);

	mempool_destroy(rd->pool);
	if (rd->page)
		__free_page(rd->page);
	kfree(rd);
}

static int refdrv_device_init(struct refdrv_device *rd, struct kmem_cache *cache)
{
	rd->pool = mempool_create_slab_pool(REFDRV_POOL_SIZE, cache);
	if (!rd->pool)
		return -ENOMEM;
	rd->page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	if (!rd->page)
		return -ENOMEM;
	return dev_set_name(&rd->dev, REFDRV_NAME "%u", rd->instance);
}

/* The caller owns one reference, to be given to refdrv_device_put(). */
struct refdrv_device *refdrv_device_create(struct device *parent, struct class *class,
					   dev_t devt, struct kmem_cache *cache)
{
	struct refdrv_device *rd;
	int err;

	rd = kzalloc(sizeof(*rd), GFP_KERNEL);
	if (!rd)
		return ERR_PTR(-ENOMEM);
	rd->instance = MINOR(devt);
	rd->latency_ms = 1;
	spin_lock_init(&rd->lock);
	INIT_LIST_HEAD(&rd->queue);
	init_waitqueue_head(&rd->wait);
	cdev_init(&rd->cdev, &refdrv_fops);
	rd->cdev.owner = THIS_MODULE;

	/* From here on only put_device() may free it. */
	device_initialize(&rd->dev);
	rd->dev.parent = parent;
	rd->dev.class = class;
	rd->dev.devt = devt;
	rd->dev.groups = refdrv_groups;
	rd->dev.release = refdrv_device_release;

	err = refdrv_device_init(rd, cache);
	if (err) {
		put_device(&rd->dev);
		return ERR_PTR(err);
	}
	return rd;
}

/* As devm_add_action() wants it. */
void refdrv_device_put(void *data)
{
	struct refdrv_device *rd = data;

	put_device(&rd->dev);
}

bool refdrv_device_gone(struct refdrv_device *rd)
{
	return READ_ONCE(rd->gone);
}
