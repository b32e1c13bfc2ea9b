// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names the guilty step: when the kernel panics or oopses, prints the last steps that
 * the cycler recorded. See bookend_recorder.h for the memory it shares.
 */
#define pr_fmt(fmt) "bookend-recorder: " fmt

#include <linux/kdebug.h>
#include <linux/math64.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/panic_notifier.h>
#include <linux/timex.h>
#include <linux/vmalloc.h>

#include "bookend_recorder.h"

static unsigned int steps = 16;
module_param(steps, uint, 0644);
MODULE_PARM_DESC(steps, "how many of the last steps to print");

static void *area;
static u64 printed_head; /* nothing is printed twice */

static const char *name_of(const struct recorder_step *step)
{
	const struct recorder_name *names = area + RECORDER_NAMES_OFFSET;
	unsigned int i;

	for (i = 0; i < RECORDER_NAMES && names[i].text[0]; i++)
		if (names[i].leg == step->leg && names[i].cycle == step->cycle &&
		    names[i].step == step->step)
			return names[i].text;
	return "";
}

/* Microseconds from @stamp to @now, by the counter that the records carry. */
static u64 ago(u64 stamp, u64 now)
{
	const struct recorder_header *header = area;
	u64 per_second = READ_ONCE(header->stamps_per_second);

	if (!per_second || now < stamp)
		return 0;
	return mul_u64_u64_div_u64(now - stamp, 1000000, per_second);
}

static void print_step(const struct recorder_step *step, u64 now)
{
	u64 us = ago(step->stamp, now);
	u32 rest;
	u64 ms = div_u64_rem(us, 1000, &rest);

	if (step->kind == RECORDER_BEGIN)
		pr_emerg("%llu.%03u ms before: pass %u, worker %u: %.*s begins\n", ms,
			 rest, step->pass + 1, step->worker, RECORDER_TEXT,
			 name_of(step));
	else if (step->kind == RECORDER_END)
		pr_emerg("%llu.%03u ms before: pass %u, worker %u: %.*s ended with %d\n",
			 ms, rest, step->pass + 1, step->worker, RECORDER_TEXT,
			 name_of(step), step->result);
}

static void print_steps(void)
{
	const struct recorder_header *header = area;
	const struct recorder_step *ring = area + RECORDER_STEPS_OFFSET;
	u64 head = READ_ONCE(header->head), number;
	u64 now = get_cycles();
	u32 wanted = clamp_t(u32, READ_ONCE(steps), 1, RECORDER_STEPS);

	if (head == printed_head)
		return;
	printed_head = head;
	number = head > wanted ? head - wanted : 0;
	pr_emerg("the last %llu of %llu records of steps:\n", head - number, head);
	for (; number < head; number++) {
		struct recorder_step step = ring[number % RECORDER_STEPS];

		if (step.sequence == (u32)number + 1)
			print_step(&step, now);
	}
}

static int on_panic(struct notifier_block *block, unsigned long event, void *message)
{
	print_steps();
	return NOTIFY_DONE;
}

static int on_die(struct notifier_block *block, unsigned long event, void *arguments)
{
	if (event == DIE_OOPS)
		print_steps();
	return NOTIFY_DONE;
}

/* Before those that may not return. */
static struct notifier_block panic_block = { .notifier_call = on_panic,
					     .priority = INT_MAX };
static struct notifier_block die_block = { .notifier_call = on_die, .priority = INT_MAX };

static int recorder_mmap(struct file *file, struct vm_area_struct *vma)
{
	return remap_vmalloc_range(vma, area, vma->vm_pgoff);
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.mmap = recorder_mmap,
	.llseek = noop_llseek,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "bookend-recorder",
	.fops = &operations,
	.mode = 0600,
};

static int __init recorder_init(void)
{
	struct recorder_header *header;
	int error;

	BUILD_BUG_ON(sizeof(struct recorder_name) != 64);
	BUILD_BUG_ON(sizeof(struct recorder_step) != 32);
	BUILD_BUG_ON(sizeof(struct recorder_header) > RECORDER_NAMES_OFFSET);
	area = vmalloc_user(RECORDER_SIZE);
	if (!area)
		return -ENOMEM;
	header = area;
	header->magic = RECORDER_MAGIC;
	header->version = RECORDER_VERSION;
	error = misc_register(&device);
	if (error) {
		vfree(area);
		return error;
	}
	atomic_notifier_chain_register(&panic_notifier_list, &panic_block);
	register_die_notifier(&die_block);
	return 0;
}

static void __exit recorder_exit(void)
{
	unregister_die_notifier(&die_block);
	atomic_notifier_chain_unregister(&panic_notifier_list, &panic_block);
	misc_deregister(&device);
	vfree(area);
}

module_init(recorder_init);
module_exit(recorder_exit);

MODULE_DESCRIPTION("Prints the last steps of a cycle when the kernel dies");
MODULE_LICENSE("GPL");
