// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suspend and resume: the queue stops taking its turn and keeps what it holds.
 */

#include <linux/pm.h>

#include "refdrv.h"

static int refdrv_suspend(struct device *dev)
{
	struct refdrv_device *rd = dev_get_drvdata(dev);

	refdrv_queue_pause(rd);
	refdrv_dbg(rd, "suspended");
	return 0;
}

static int refdrv_resume(struct device *dev)
{
	struct refdrv_device *rd = dev_get_drvdata(dev);

	refdrv_queue_resume(rd);
	refdrv_dbg(rd, "resumed");
	return 0;
}

DEFINE_SIMPLE_DEV_PM_OPS(refdrv_pm_ops, refdrv_suspend, refdrv_resume);
