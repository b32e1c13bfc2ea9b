// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocates in every way a driver does, and forgets on request: each word written to
 * /dev/leaky is one operation, "leak KIND" or "free KIND" (allocate, then free). With
 * load=KIND its init leaks once a load. Only for tests.
 */
#include <linux/device.h>
#include <linux/etherdevice.h>
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/file.h>
#include <linux/ktime.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/nsproxy.h>
#include <linux/percpu.h>
#include <linux/platform_device.h>
#include <linux/sched/task.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>

static char *load = "";
module_param(load, charp, 0444);
MODULE_PARM_DESC(load, "kind that init leaks");

struct leaky_object {
	struct rcu_head rcu;
	struct work_struct work;
	bool forget;
	char payload[100];
};

static struct kmem_cache *leaky_cache;
static struct platform_device *leaky_device;
static void *leaky_once;
static unsigned int leaky_forgotten;
static struct sk_buff_head leaky_queue;

/* A cache with a constructor is never merged with another. */
static void leaky_construct(void *object)
{
	memset(object, 0, 56);
}

static noinline int leaky_kmalloc(bool forget)
{
	void *object = kmalloc(100, GFP_KERNEL);

	if (!forget)
		kfree(object);
	return object ? 0 : -ENOMEM;
}

static noinline int leaky_large(bool forget)
{
	void *object = kmalloc(40000, GFP_KERNEL);

	if (!forget)
		kfree(object);
	return object ? 0 : -ENOMEM;
}

static noinline int leaky_kasprintf(bool forget)
{
	char *text = kasprintf(GFP_KERNEL, "a name of %d letters", 42);

	if (!forget)
		kfree(text);
	return text ? 0 : -ENOMEM;
}

static noinline int leaky_from_cache(bool forget)
{
	void *object = kmem_cache_alloc(leaky_cache, GFP_KERNEL);

	if (!forget && object)
		kmem_cache_free(leaky_cache, object);
	return object ? 0 : -ENOMEM;
}

static noinline int leaky_bulk(bool forget)
{
	void *objects[4];
	int count = kmem_cache_alloc_bulk(leaky_cache, GFP_KERNEL, 4, objects);

	if (!forget && count)
		kmem_cache_free_bulk(leaky_cache, count, objects);
	return count ? 0 : -ENOMEM;
}

static noinline int leaky_vmalloc(bool forget)
{
	void *area = vmalloc(8192);

	if (!forget)
		vfree(area);
	return area ? 0 : -ENOMEM;
}

static noinline int leaky_percpu(bool forget)
{
	void __percpu *area = __alloc_percpu(64, 8);

	if (!forget)
		free_percpu(area);
	return area ? 0 : -ENOMEM;
}

static noinline int leaky_page(bool forget)
{
	struct page *page = alloc_pages(GFP_KERNEL, 1);

	if (!forget && page)
		__free_pages(page, 1);
	return page ? 0 : -ENOMEM;
}

static noinline int leaky_skb(bool forget)
{
	struct sk_buff *skb = alloc_skb(500, GFP_KERNEL);

	if (!forget)
		kfree_skb(skb);
	return skb ? 0 : -ENOMEM;
}

static noinline int leaky_dma(bool forget)
{
	dma_addr_t address;
	void *area = dma_alloc_coherent(&leaky_device->dev, 8192, &address, GFP_KERNEL);

	if (!forget && area)
		dma_free_coherent(&leaky_device->dev, 8192, area, address);
	return area ? 0 : -ENOMEM;
}

static void leaky_worker(struct work_struct *work)
{
	struct leaky_object *object = container_of(work, struct leaky_object, work);
	void *found = kmalloc(300, GFP_KERNEL);

	if (!object->forget)
		kfree(found);
	kfree(object);
}

static noinline int leaky_work(bool forget)
{
	struct leaky_object *object = kzalloc(sizeof(*object), GFP_KERNEL);

	if (!object)
		return -ENOMEM;
	object->forget = forget;
	INIT_WORK(&object->work, leaky_worker);
	schedule_work(&object->work);
	flush_work(&object->work);
	return 0;
}

static noinline int leaky_rcu(bool forget)
{
	struct leaky_object *object = kmalloc(sizeof(*object), GFP_KERNEL);

	if (object && !forget)
		kfree_rcu(object, rcu);
	return object ? 0 : -ENOMEM;
}

static noinline int leaky_kvmalloc(bool forget)
{
	void *object = kvmalloc(100000, GFP_KERNEL);

	if (!forget)
		kvfree(object);
	return object ? 0 : -ENOMEM;
}

static noinline int leaky_file(bool forget)
{
	struct file *file = filp_open("/dev/null", O_RDONLY, 0);

	if (!forget && !IS_ERR(file))
		fput(file);
	return PTR_ERR_OR_ZERO(file);
}

static noinline int leaky_netdev(bool forget)
{
	struct net_device *netdev = alloc_etherdev(64);

	if (!forget && netdev)
		free_netdev(netdev);
	return netdev ? 0 : -ENOMEM;
}

static noinline int leaky_kobject(bool forget)
{
	struct kobject *object = kobject_create_and_add("leaky_object", NULL);

	if (!object)
		return -ENOMEM;
	kobject_del(object);
	if (!forget)
		kobject_put(object);
	return 0;
}

static noinline int leaky_referenced_device(bool forget)
{
	struct platform_device *device =
		platform_device_register_simple("leaky_other", -1, NULL, 0);

	if (IS_ERR(device))
		return PTR_ERR(device);
	if (forget)
		get_device(&device->dev);
	platform_device_unregister(device);
	return 0;
}

/* References to who calls: nothing is allocated here. */
static noinline int leaky_task(bool forget)
{
	if (forget)
		get_task_struct(current);
	return 0;
}

static noinline int leaky_pid(bool forget)
{
	if (forget)
		get_pid(task_pid(current));
	return 0;
}

static noinline int leaky_netns(bool forget)
{
	if (forget)
		get_net(current->nsproxy->net_ns);
	return 0;
}

/* Kept from the first call on, given back by exit: no leak. */
static noinline int leaky_cached(bool forget)
{
	if (!leaky_once)
		leaky_once = kmalloc(200, GFP_KERNEL);
	return leaky_once ? 0 : -ENOMEM;
}

/* Forgets the first four alone, one a call. */
static noinline int leaky_few(bool forget)
{
	void *object = kmalloc(144, GFP_KERNEL);

	if (!object)
		return -ENOMEM;
	if (!forget || leaky_forgotten++ >= 4)
		kfree(object);
	return 0;
}

/* The last eight are always on their way to somebody: no leak. */
static noinline int leaky_handed(bool forget)
{
	struct sk_buff *skb = alloc_skb(500, GFP_KERNEL);

	if (!skb)
		return -ENOMEM;
	skb_queue_tail(&leaky_queue, skb);
	if (skb_queue_len(&leaky_queue) > 8)
		kfree_skb(skb_dequeue(&leaky_queue));
	return 0;
}

/* A reference to this module that is never given back: it cannot be unloaded. */
static noinline int leaky_module(bool forget)
{
	__module_get(THIS_MODULE);
	if (!forget)
		module_put(THIS_MODULE);
	return 0;
}

/* 100,000 pairs; the result is ns a pair, in the log. */
static noinline int leaky_pairs(bool forget)
{
	u64 begin = ktime_get_ns();

	for (int i = 0; i < 100000; i++) {
		void *object = kmalloc(100, GFP_KERNEL);

		barrier_data(object);
		kfree(object);
	}
	pr_info("leaky: pairs %llu\n", (ktime_get_ns() - begin) / 100000);
	return 0;
}

static const struct {
	const char *name;
	int (*call)(bool forget);
} leaky_kinds[] = {
	{ "kmalloc", leaky_kmalloc },
	{ "large", leaky_large },
	{ "kasprintf", leaky_kasprintf },
	{ "cache", leaky_from_cache },
	{ "bulk", leaky_bulk },
	{ "vmalloc", leaky_vmalloc },
	{ "percpu", leaky_percpu },
	{ "page", leaky_page },
	{ "skb", leaky_skb },
	{ "dma", leaky_dma },
	{ "work", leaky_work },
	{ "rcu", leaky_rcu },
	{ "kvmalloc", leaky_kvmalloc },
	{ "file", leaky_file },
	{ "netdev", leaky_netdev },
	{ "kobject", leaky_kobject },
	{ "device", leaky_referenced_device },
	{ "task", leaky_task },
	{ "pid", leaky_pid },
	{ "netns", leaky_netns },
	{ "cached", leaky_cached },
	{ "few", leaky_few },
	{ "handed", leaky_handed },
	{ "module", leaky_module },
	{ "pairs", leaky_pairs },
};

static int leaky_call(const char *name, bool forget)
{
	for (size_t i = 0; i < ARRAY_SIZE(leaky_kinds); i++)
		if (!strcmp(leaky_kinds[i].name, name))
			return leaky_kinds[i].call(forget);
	return -EINVAL;
}

static ssize_t leaky_write(struct file *file, const char __user *data, size_t size,
			   loff_t *offset)
{
	char text[64] = "";
	int error;

	if (size >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, data, size))
		return -EFAULT;
	strim(text);
	if (!strncmp(text, "leak ", 5) || !strncmp(text, "free ", 5)) {
		error = leaky_call(text + 5, text[0] == 'l');
		return error ? error : (ssize_t)size;
	}
	return -EINVAL;
}

static const struct file_operations leaky_operations = {
	.owner = THIS_MODULE,
	.write = leaky_write,
};

static struct miscdevice leaky_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "leaky",
	.fops = &leaky_operations,
};

/* Inlined into init, whose text is gone when the leak is reported. */
static __always_inline int leaky_from_init(void)
{
	return strcmp(load, "init") || kzalloc(72, GFP_KERNEL) ? 0 : -ENOMEM;
}

static int __init leaky_init(void)
{
	int error = leaky_from_init();

	skb_queue_head_init(&leaky_queue);
	leaky_cache = kmem_cache_create("leaky_objects", 56, 0, 0, leaky_construct);
	if (!leaky_cache)
		return -ENOMEM;
	leaky_device = platform_device_register_simple("leaky", -1, NULL, 0);
	if (IS_ERR(leaky_device)) {
		error = PTR_ERR(leaky_device);
		goto destroy_cache;
	}
	dma_coerce_mask_and_coherent(&leaky_device->dev, DMA_BIT_MASK(64));
	error = misc_register(&leaky_misc);
	if (error)
		goto unregister_device;
	if (*load)
		leaky_call(load, true);
	return 0;
unregister_device:
	platform_device_unregister(leaky_device);
destroy_cache:
	kmem_cache_destroy(leaky_cache);
	return error;
}
module_init(leaky_init);

static void __exit leaky_exit(void)
{
	misc_deregister(&leaky_misc);
	platform_device_unregister(leaky_device);
	skb_queue_purge(&leaky_queue);
	kfree(leaky_once);
	rcu_barrier();
	kmem_cache_destroy(leaky_cache);
}
module_exit(leaky_exit);

MODULE_DESCRIPTION("allocates and forgets, for tests of the leak census");
MODULE_LICENSE("GPL");
