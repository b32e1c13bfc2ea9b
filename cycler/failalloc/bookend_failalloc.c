// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes one chosen allocation of a task fail, on kernels without fault injection.
 *
 * The slab and page allocators ask should_failslab() and should_fail_alloc_page()
 * whether to fail; without CONFIG_FAULT_INJECTION these always say no, but up to about
 * 6.10 they are functions all the same, and a kretprobe can change the answer. See
 * bookend_failalloc.h for the interface.
 */
#include <linux/fs.h>
#include <linux/kprobes.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/stacktrace.h>
#include <linux/uaccess.h>
#include <linux/version.h>

#include "bookend_failalloc.h"

#define GENERATIONS 8

struct text_range {
	unsigned long start, end;
};

/* What module text the window is about: core and init. */
enum { RANGE_CORE, RANGE_INIT, RANGES };

static struct {
	spinlock_t lock;
	struct file *owner; /* NULL: no window */
	struct task_struct *task;
	struct failalloc_begin begin;
	struct failalloc_result result;
	struct text_range ranges[RANGES];
} window = { .lock = __SPIN_LOCK_UNLOCKED(window.lock) };

/* The slab allocator's own functions that fetch pages. */
static struct text_range slab_ranges[3];

/* What a hook was asked, kept from its entry to its return. */
struct asked {
	gfp_t gfp;
	u64 size;
};

static bool holds(const struct text_range *r, unsigned long address)
{
	return address >= r->start && address < r->end;
}

static bool in_ranges(const struct text_range *ranges, unsigned int count,
		      const unsigned long *stack, unsigned int frames)
{
	unsigned int i, j;

	for (i = 0; i < frames; i++)
		for (j = 0; j < count; j++)
			if (holds(&ranges[j], stack[i]))
				return true;
	return false;
}

/* Called with interrupts off, which keeps parents from being freed. */
static bool is_watched(void)
{
	struct task_struct *t = current;
	int i;

	if (!in_task())
		return false;
	if (t == window.task)
		return true;
	if (!(window.begin.flags & FAILALLOC_CHILDREN))
		return false;
	if (t->tgid == window.task->tgid)
		return true;
	for (i = 0; i < GENERATIONS && t && t->pid > 1; i++) {
		t = rcu_dereference(t->real_parent);
		if (t == window.task || (t && t->tgid == window.task->tgid))
			return true;
	}
	return false;
}

/* The innermost frame in the module: the line of the driver that called. */
static void find_caller(const unsigned long *stack, unsigned int frames)
{
	unsigned int i, j;

	for (i = 0; i < frames; i++)
		for (j = 0; j < RANGES; j++)
			if (holds(&window.ranges[j], stack[i])) {
				window.result.region =
					j == RANGE_CORE ? FAILALLOC_CORE : FAILALLOC_INIT;
				window.result.offset = stack[i] - window.ranges[j].start;
				return;
			}
}

static void record(u32 kind, const struct asked *asked, const unsigned long *stack,
		   unsigned int frames)
{
	struct failalloc_result *r = &window.result;
	unsigned int i;

	r->kind = kind;
	r->size = asked->size;
	r->gfp = (__force u32)asked->gfp;
	r->frames = frames;
	find_caller(stack, frames);
	for (i = 0; i < frames; i++) {
		r->stack[i] = stack[i];
		/* %pB: a return address, so that a call at a function's end is its own */
		snprintf(r->text[i], sizeof(r->text[i]), "%pB", (void *)stack[i]);
	}
}

/* Whether this allocation is the one to fail. */
static bool decide(u32 kind, const struct asked *asked)
{
	unsigned long stack[FAILALLOC_STACK];
	unsigned int frames;
	unsigned long flags;
	bool fail = false;

	if (!READ_ONCE(window.owner) || (asked->gfp & __GFP_NOFAIL))
		return false;
	spin_lock_irqsave(&window.lock, flags);
	rcu_read_lock();
	if (!window.owner || !(window.begin.kinds & kind) || !is_watched())
		goto out;
	frames = stack_trace_save(stack, ARRAY_SIZE(stack), 0);
	if (window.begin.module[0] && !in_ranges(window.ranges, RANGES, stack, frames))
		goto out;
	if (kind == FAILALLOC_PAGE &&
	    in_ranges(slab_ranges, ARRAY_SIZE(slab_ranges), stack, frames))
		goto out;
	window.result.counted++;
	if (window.result.counted == window.begin.nth) {
		record(kind, asked, stack, frames);
		fail = true;
	}
out:
	rcu_read_unlock();
	spin_unlock_irqrestore(&window.lock, flags);
	return fail;
}

static int slab_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct asked *asked = (struct asked *)ri->data;
	struct kmem_cache *cache = (void *)regs_get_kernel_argument(regs, 0);

	if (!READ_ONCE(window.owner))
		return 1;
	asked->gfp = (__force gfp_t)regs_get_kernel_argument(regs, 1);
	asked->size = cache ? kmem_cache_size(cache) : 0;
	return 0;
}
NOKPROBE_SYMBOL(slab_entry);

static int slab_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	if (decide(FAILALLOC_SLAB, (struct asked *)ri->data))
		regs_set_return_value(regs, -ENOMEM);
	return 0;
}
NOKPROBE_SYMBOL(slab_return);

static int page_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct asked *asked = (struct asked *)ri->data;

	if (!READ_ONCE(window.owner))
		return 1;
	asked->gfp = (__force gfp_t)regs_get_kernel_argument(regs, 0);
	asked->size = (u64)PAGE_SIZE << (regs_get_kernel_argument(regs, 1) & 31);
	return 0;
}
NOKPROBE_SYMBOL(page_entry);

static int page_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	if (decide(FAILALLOC_PAGE, (struct asked *)ri->data))
		regs_set_return_value(regs, 1);
	return 0;
}
NOKPROBE_SYMBOL(page_return);

static struct {
	u32 kind;
	struct kretprobe probe;
	int error;
} hooks[] = {
	{ .kind = FAILALLOC_SLAB,
	  .probe = { .kp.symbol_name = "should_failslab",
		     .entry_handler = slab_entry,
		     .handler = slab_return,
		     .data_size = sizeof(struct asked),
		     .maxactive = 256 } },
	{ .kind = FAILALLOC_PAGE,
	  .probe = { .kp.symbol_name = "should_fail_alloc_page",
		     .entry_handler = page_entry,
		     .handler = page_return,
		     .data_size = sizeof(struct asked),
		     .maxactive = 256 } },
};

static u32 working_kinds(void)
{
	u32 kinds = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(hooks); i++)
		if (!hooks[i].error)
			kinds |= hooks[i].kind;
	return kinds;
}

static u64 misses(void)
{
	u64 missed = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(hooks); i++)
		if (!hooks[i].error)
			missed += hooks[i].probe.nmissed;
	return missed;
}

static void set_ranges(struct module *mod)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
	unsigned long core = (unsigned long)mod->mem[MOD_TEXT].base;
	unsigned long init = (unsigned long)mod->mem[MOD_INIT_TEXT].base;
	unsigned long core_size = mod->mem[MOD_TEXT].size;
	unsigned long init_size = mod->mem[MOD_INIT_TEXT].size;
#else
	unsigned long core = (unsigned long)mod->core_layout.base;
	unsigned long init = (unsigned long)mod->init_layout.base;
	unsigned long core_size = mod->core_layout.text_size;
	unsigned long init_size = mod->init_layout.text_size;
#endif
	window.ranges[RANGE_CORE] = (struct text_range){ core, core + core_size };
	window.ranges[RANGE_INIT] = (struct text_range){ init, init + init_size };
}

/* Keeps the ranges of the window's module right while it is loaded and unloaded. */
static int on_module(struct notifier_block *block, unsigned long state, void *data)
{
	struct module *mod = data;
	unsigned long flags;

	spin_lock_irqsave(&window.lock, flags);
	if (window.owner && !strcmp(mod->name, window.begin.module)) {
		if (state == MODULE_STATE_COMING)
			set_ranges(mod);
		else if (state == MODULE_STATE_LIVE)
			window.ranges[RANGE_INIT] = (struct text_range){ 0, 0 };
		else if (state == MODULE_STATE_GOING)
			window.ranges[RANGE_INIT] = (struct text_range){ 0, 0 };
	}
	spin_unlock_irqrestore(&window.lock, flags);
	return NOTIFY_OK;
}

static struct notifier_block module_block = { .notifier_call = on_module };

static int open_window(struct file *file, const struct failalloc_begin *begin)
{
	unsigned long flags;
	u64 missed = misses();
	int error = 0;

	spin_lock_irqsave(&window.lock, flags);
	if (window.owner) {
		error = -EBUSY;
	} else {
		memset(&window.result, 0, sizeof(window.result));
		memset(window.ranges, 0, sizeof(window.ranges));
		window.begin = *begin;
		window.task = current;
		window.result.version = FAILALLOC_VERSION;
		window.result.missed = missed;
		window.ranges[RANGE_CORE] =
			(struct text_range){ begin->base, begin->base + begin->size };
		get_task_struct(current);
		WRITE_ONCE(window.owner, file);
	}
	spin_unlock_irqrestore(&window.lock, flags);
	return error;
}

/* Returns false when @file has no window open. @ret may be NULL. */
static bool close_window(struct file *file, struct failalloc_result *ret)
{
	struct task_struct *task = NULL;
	u64 missed = misses();
	unsigned long flags;

	spin_lock_irqsave(&window.lock, flags);
	if (window.owner == file) {
		task = window.task;
		window.result.missed = missed - window.result.missed;
		if (ret)
			*ret = window.result;
		window.task = NULL;
		WRITE_ONCE(window.owner, NULL);
	}
	spin_unlock_irqrestore(&window.lock, flags);
	if (task)
		put_task_struct(task);
	return task != NULL;
}

static long tell_about(void __user *to)
{
	struct failalloc_about about = { .version = FAILALLOC_VERSION,
					 .kinds = working_kinds(),
					 .errors = { hooks[0].error, hooks[1].error } };

	return copy_to_user(to, &about, sizeof(about)) ? -EFAULT : 0;
}

static long begin(struct file *file, const void __user *from)
{
	struct failalloc_begin wanted;

	if (copy_from_user(&wanted, from, sizeof(wanted)))
		return -EFAULT;
	if (wanted.version != FAILALLOC_VERSION || wanted.reserved ||
	    (wanted.flags & ~FAILALLOC_CHILDREN) ||
	    (wanted.kinds & ~(FAILALLOC_SLAB | FAILALLOC_PAGE)) ||
	    wanted.base + wanted.size < wanted.base ||
	    strnlen(wanted.module, sizeof(wanted.module)) == sizeof(wanted.module))
		return -EINVAL;
	if (!wanted.kinds)
		wanted.kinds = working_kinds();
	if (!wanted.kinds || (wanted.kinds & ~working_kinds()))
		return -EOPNOTSUPP;
	return open_window(file, &wanted);
}

static long end(struct file *file, void __user *to)
{
	struct failalloc_result *result =
		kmalloc(sizeof(*result), GFP_KERNEL | __GFP_NOFAIL);
	long error = 0;

	if (!close_window(file, result))
		error = -EINVAL;
	else if (copy_to_user(to, result, sizeof(*result)))
		error = -EFAULT;
	kfree(result);
	return error;
}

static long failalloc_ioctl(struct file *file, unsigned int command,
			    unsigned long argument)
{
	switch (command) {
	case FAILALLOC_ABOUT:
		return tell_about((void __user *)argument);
	case FAILALLOC_BEGIN:
		return begin(file, (void __user *)argument);
	case FAILALLOC_END:
		return end(file, (void __user *)argument);
	default:
		return -ENOTTY;
	}
}

static int failalloc_release(struct inode *inode, struct file *file)
{
	close_window(file, NULL);
	return 0;
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = failalloc_ioctl,
	.release = failalloc_release,
	.llseek = noop_llseek,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "bookend-failalloc",
	.fops = &operations,
	.mode = 0600,
};

/* Where a function lies, by a probe that is set and taken away again. */
static struct text_range find_function(const char *name)
{
	struct kprobe probe = { .symbol_name = name };
	struct text_range range = { 0, 0 };
	unsigned long size = 0;
	char text[KSYM_SYMBOL_LEN];
	char *slash;

	if (register_kprobe(&probe))
		return range;
	sprint_symbol(text, (unsigned long)probe.addr);
	unregister_kprobe(&probe);
	slash = strchr(text, '/');
	if (slash && sscanf(slash, "/0x%lx", &size) == 1)
		range = (struct text_range){ (unsigned long)probe.addr,
					     (unsigned long)probe.addr + size };
	return range;
}

static bool allocation_fails(u32 kind)
{
	void *p;
	bool failed;

	if (kind == FAILALLOC_PAGE) {
		p = (void *)__get_free_page(GFP_KERNEL | __GFP_NOWARN);
		failed = !p;
		free_page((unsigned long)p);
	} else {
		p = kmalloc(64, GFP_KERNEL | __GFP_NOWARN);
		failed = !p;
		kfree(p);
	}
	return failed;
}

/* A hook counts as working when an allocation that shall fail does, and no other. */
static int try_hook(u32 kind)
{
	struct failalloc_begin wanted = { .version = FAILALLOC_VERSION,
					  .kinds = kind,
					  .nth = 2 };
	struct file *nobody = (struct file *)&window;
	bool first, second, third;

	if (open_window(nobody, &wanted))
		return -EBUSY;
	first = allocation_fails(kind);
	second = allocation_fails(kind);
	third = allocation_fails(kind);
	close_window(nobody, NULL);
	return !first && second && !third ? 0 : -EOPNOTSUPP;
}

static void remove_hooks(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(hooks); i++)
		if (!hooks[i].error)
			unregister_kretprobe(&hooks[i].probe);
}

static void set_hooks(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(hooks); i++) {
		hooks[i].error = register_kretprobe(&hooks[i].probe);
		if (hooks[i].error)
			continue;
		hooks[i].error = try_hook(hooks[i].kind);
		if (hooks[i].error)
			unregister_kretprobe(&hooks[i].probe);
	}
}

static int __init failalloc_init(void)
{
	int error;

	slab_ranges[0] = find_function("allocate_slab");
	slab_ranges[1] = find_function("new_slab");
	slab_ranges[2] = find_function("___slab_alloc");
	error = register_module_notifier(&module_block);
	if (error)
		return error;
	set_hooks();
	error = misc_register(&device);
	if (error) {
		remove_hooks();
		unregister_module_notifier(&module_block);
	}
	return error;
}

static void __exit failalloc_exit(void)
{
	misc_deregister(&device);
	remove_hooks();
	unregister_module_notifier(&module_block);
}

module_init(failalloc_init);
module_exit(failalloc_exit);

MODULE_DESCRIPTION("Makes the n-th allocation of a step fail");
MODULE_LICENSE("GPL");
