// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attributes below /sys/class/refdrv/refdrvN. The device core makes and removes them
 * with the device, before anyone can look and after the last one has looked.
 */

#include <linux/kstrtox.h>
#include <linux/mm.h>
#include <linux/sysfs.h>

#include "refdrv.h"

static struct refdrv_device *to_refdrv(struct device *dev)
{
	return container_of(dev, struct refdrv_device, dev);
}

static ssize_t commands_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const struct refdrv_counters *counters = page_address(to_refdrv(dev)->page);

	return sysfs_emit(buf, "%llu\n", READ_ONCE(counters->commands));
}
static DEVICE_ATTR_RO(commands);

static ssize_t latency_ms_show(struct device *dev, struct device_attribute *attr,
			       char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(to_refdrv(dev)->latency_ms));
}

static ssize_t latency_ms_store(struct device *dev, struct device_attribute *attr,
				const char *buf, size_t len)
{
	unsigned int latency;
	int err;

	err = kstrtouint(buf, 0, &latency);
	if (err)
		return err;
	if (latency > REFDRV_MAX_LATENCY_MS)
		return -ERANGE;
	WRITE_ONCE(to_refdrv(dev)->latency_ms, latency);
	return len;
}
static DEVICE_ATTR_RW(latency_ms);

static struct attribute *refdrv_attrs[] = {
	&dev_attr_commands.attr,
	&dev_attr_latency_ms.attr,
	NULL,
};

static const struct attribute_group refdrv_group = { .attrs = refdrv_attrs };

const struct attribute_group *refdrv_groups[] = { &refdrv_group, NULL };
