// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module and its platform driver.
 *
 * There is no hardware: loading the module makes the platform devices that a bus or the
 * firmware would have found. All else is as for a real device.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/slab.h>

#include "refdrv.h"
#include "refdrv_compat.h"

static unsigned int instances = 2;
module_param(instances, uint, 0444);
MODULE_PARM_DESC(instances, "number of devices, 1 to 16 (default 2)");

static struct class refdrv_class = { .name = REFDRV_NAME };
static dev_t refdrv_devt __ro_after_init;
static struct kmem_cache *refdrv_cache __ro_after_init;
static struct platform_device *refdrv_pdevs[REFDRV_MAX_INSTANCES];

/*
 * What devm_ registers here is undone in reverse order after remove() has returned:
 * queue first, then our reference to the device. /dev/refdrvN comes last, because users
 * may open it before this function returns.
 */
static int refdrv_probe(struct platform_device *pdev)
{
	struct refdrv_device *rd;
	int err;

	if (pdev->id < 0 || pdev->id >= REFDRV_MAX_INSTANCES)
		return -EINVAL;
	rd = refdrv_device_create(&pdev->dev, &refdrv_class,
				  MKDEV(MAJOR(refdrv_devt), pdev->id), refdrv_cache);
	if (IS_ERR(rd))
		return PTR_ERR(rd);
	err = devm_add_action_or_reset(&pdev->dev, refdrv_device_put, rd);
	if (err)
		return err;
	err = refdrv_queue_init(rd, &pdev->dev);
	if (err)
		return err;
	platform_set_drvdata(pdev, rd);
	err = cdev_device_add(&rd->cdev, &rd->dev);
	if (err)
		return err;
	refdrv_dbg(rd, "bound");
	return 0;
}

/* New users are turned away first, then the present ones are sent home. */
static void refdrv_remove(struct platform_device *pdev)
{
	struct refdrv_device *rd = platform_get_drvdata(pdev);

	cdev_device_del(&rd->cdev, &rd->dev);
	refdrv_queue_hang_up(rd);
	refdrv_dbg(rd, "unbound");
}

static const struct platform_device_id refdrv_ids[] = { { .name = REFDRV_NAME }, {} };
MODULE_DEVICE_TABLE(platform, refdrv_ids);

static struct platform_driver refdrv_driver = {
	.probe = refdrv_probe,
	.REFDRV_REMOVE = refdrv_remove,
	.id_table = refdrv_ids,
	.driver = {
		.name = REFDRV_NAME,
		.pm = pm_sleep_ptr(&refdrv_pm_ops),
		.probe_type = PROBE_FORCE_SYNCHRONOUS,
	},
};

static void refdrv_remove_devices(unsigned int count)
{
	while (count--)
		platform_device_unregister(refdrv_pdevs[count]);
}

static int __init refdrv_add_devices(void)
{
	struct platform_device *pdev;
	unsigned int i;

	for (i = 0; i < instances; i++) {
		pdev = platform_device_register_simple(REFDRV_NAME, i, NULL, 0);
		if (IS_ERR(pdev)) {
			refdrv_remove_devices(i);
			return PTR_ERR(pdev);
		}
		refdrv_pdevs[i] = pdev;
	}
	return 0;
}

static int __init refdrv_init(void)
{
	int err;

	if (instances < 1 || instances > REFDRV_MAX_INSTANCES) {
		pr_err("instances=%u: must be 1 to %u\n", instances,
		       REFDRV_MAX_INSTANCES);
		return -EINVAL;
	}
	refdrv_cache = refdrv_pool_cache_create();
	if (!refdrv_cache)
		return -ENOMEM;
	err = class_register(&refdrv_class);
	if (err)
		goto destroy_cache;
	err = alloc_chrdev_region(&refdrv_devt, 0, REFDRV_MAX_INSTANCES, REFDRV_NAME);
	if (err)
		goto unregister_class;
	err = platform_driver_register(&refdrv_driver);
	if (err)
		goto unregister_region;
	err = refdrv_add_devices();
	if (err)
		goto unregister_driver;
	return 0;

unregister_driver:
	platform_driver_unregister(&refdrv_driver);
unregister_region:
	unregister_chrdev_region(refdrv_devt, REFDRV_MAX_INSTANCES);
unregister_class:
	class_unregister(&refdrv_class);
destroy_cache:
	kmem_cache_destroy(refdrv_cache);
	return err;
}
module_init(refdrv_init);

static void __exit refdrv_exit(void)
{
	refdrv_remove_devices(instances);
	platform_driver_unregister(&refdrv_driver);
	unregister_chrdev_region(refdrv_devt, REFDRV_MAX_INSTANCES);
	class_unregister(&refdrv_class);
	kmem_cache_destroy(refdrv_cache);
}
module_exit(refdrv_exit);

MODULE_DESCRIPTION("Reference driver: virtual command processors");
MODULE_AUTHOR("The bookend maintainers");
MODULE_LICENSE("GPL");
MODULE_VERSION(REFDRV_VERSION);
MODULE_INFO(identifier, "org.bookend.refdrv");
